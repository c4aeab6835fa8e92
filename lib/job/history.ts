import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import type { RunRecord } from '../log/claim.ts'
import type { Log } from '../log/port.ts'
import type { RunReport } from './job-host.ts'
import type { Counts } from './record.ts'

/**
 * What became of a slot.
 *
 * - `done`, `cancelled` (it went well, and its job is to run no more), `failed`: how its run ended
 * - `abandoned`: its run was cut off: it took too long, the agent stopped or its process died
 * - `replaced`: another slot took its place, before its run began (`attempt` 0) or while it went on
 * - `blocked`: it came while other runs of its job left no room for it
 * - `missed`: it passed while nothing ran
 */
export type RunStatus = RunReport['status'] | 'blocked' | 'missed'

/**
 * One attempt at a slot, or slots without a run, as JSON.
 *
 * - `began`, `late`, `ms`: when, how much later than its slot and for how long it ran, in ms
 * - `slots`, `until`: for how many slots, from `slot` to this one, it stands; of those missed, 1000 at most are counted
 */
export interface RunRow extends Counts {
  readonly slot: string
  /** 0 where nothing ran. */
  readonly attempt: number
  readonly status: RunStatus
  readonly began?: string
  readonly late: number
  readonly ms: number
  readonly error?: Omit<ErrorInfo, 'stack'>
  readonly reason?: string
  readonly slots?: number
  readonly until?: string
}

/** What the log keeps of it, beside slot and attempt. */
export type RunOutcome = Partial<Omit<RunRow, 'slot' | 'attempt'>> & Pick<RunRow, 'status'>

/** How a run went, in what is kept. */
export function outcomeOf(report: RunReport, scrub: (text: string) => string): Omit<RunRow, 'slot' | 'attempt'> {
  const { job: _, slot: __, attempt: ___, began, error, reason, ...plain } = report
  return {
    ...plain,
    began: began.toISOString(),
    ...(error === undefined ? {} : { error: wordsOf(error, scrub) }),
    ...(reason === undefined ? {} : { reason: scrub(reason) }),
  }
}

/** How a run went, as JSON. */
export function runRow(report: RunReport, scrub: (text: string) => string): RunRow {
  return { slot: report.slot.toISOString(), attempt: report.attempt, ...outcomeOf(report, scrub) }
}

/** What the log remembers of the slots of a job, by slot and attempt. */
export async function* history(log: Log, job: string, options: Parameters<Log['runs']>[1]): AsyncGenerator<RunRow> {
  for await (const record of log.runs(job, options)) yield rowOf(record)
}

// What nobody said the end of ended with its process.
function rowOf({ slot, attempt, outcome }: RunRecord): RunRow {
  const known = (outcome ?? { status: 'abandoned' }) as unknown as RunOutcome
  return { slot: slot.toISOString(), attempt, late: 0, ms: 0, new: 0, changed: 0, duplicate: 0, ...known }
}

// A log is no place for stacks: those are in what was said.
function wordsOf(error: Error, scrub: (text: string) => string): Omit<ErrorInfo, 'stack'> {
  const { stack: _, ...words } = errorInfo(error, scrub)
  return words
}
