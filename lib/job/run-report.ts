import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import type { RunRecord } from '../log/claim.ts'
import type { Log } from '../log/port.ts'

/** How many drafts of a run the log accepted with each status. */
export interface Counts {
  /** Drafts of an identity that the log had not seen. */
  readonly new: number
  /** Drafts of a known identity whose version changed. */
  readonly changed: number
  /** Drafts that the log knew already. */
  readonly duplicate: number
  /** New drafts that are held until a person releases or discards them; absent: none. See `JobOptions.flood`. */
  readonly held?: number
}

/** How one attempt went. */
export interface RunReport extends Counts {
  /** The name of the job. */
  readonly job: string
  /** The slot that it ran for. */
  readonly slot: Date
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /**
   * `done`: it succeeded; `cancelled`: it succeeded, and the job runs no more; `failed`: it threw, or something that it
   * published was refused; `abandoned`: cut off by its timeout or by the agent's stop; `replaced`: another slot took its place.
   */
  readonly status: 'done' | 'cancelled' | 'failed' | 'abandoned' | 'replaced'
  /** When it began. */
  readonly began: Date
  /** How late it began after its slot, in ms, without the jitter. */
  readonly late: number
  /** Duration in ms. */
  readonly ms: number
  /** Why it failed, was abandoned or was replaced. */
  readonly error?: Error
  /** Why it cancelled its job. */
  readonly reason?: string
}

/**
 * The outcome of a slot.
 *
 * - `done`, `cancelled` (succeeded, and the job runs no more), `failed`: how its run ended
 * - `abandoned`: its run was cut off by its timeout, by the agent's stop or by the death of the process
 * - `replaced`: another slot took its place, before its run began (`attempt` 0) or during it
 * - `blocked`: it was due while other runs of its job left no room
 * - `missed`: it was due while nothing ran
 */
export type RunStatus = RunReport['status'] | 'blocked' | 'missed'

/** One attempt at a slot, or a series of slots without a run, as JSON. */
export interface RunRow extends Counts {
  /** The slot, as an ISO 8601 instant. Of a series, the first. */
  readonly slot: string
  /** The number of the attempt, from 1; 0 if nothing ran. */
  readonly attempt: number
  /** What became of it. */
  readonly status: RunStatus
  /** When the attempt began, as an ISO 8601 instant; absent if nothing ran. */
  readonly began?: string
  /** How late it began after its slot, in ms, without the jitter. */
  readonly late: number
  /** Its duration, in ms. */
  readonly ms: number
  /** Why it failed, was abandoned or was replaced, without the stack and without known secrets. */
  readonly error?: Omit<ErrorInfo, 'stack'>
  /** Why it cancelled its job. */
  readonly reason?: string
  /** The number of slots in the series; at most 1000 missed slots are counted. */
  readonly slots?: number
  /** The last slot of the series, as an ISO 8601 instant. */
  readonly until?: string
}

/** The part of a `RunRow` that the log stores beside slot and attempt. */
export type RunOutcome = Partial<Omit<RunRow, 'slot' | 'attempt'>> & Pick<RunRow, 'status'>

/** How an attempt that succeeded ended, and with which words of the `Cancel` that it threw. */
export function successOf(
  cancel: Error | undefined,
  scrub = (text: string): string => text,
): Pick<RunReport, 'status' | 'reason'> {
  return cancel === undefined ? { status: 'done' } : { status: 'cancelled', reason: scrub(cancel.message) }
}

/** Converts a report into the stored form, with secrets removed by `scrub`. */
export function outcomeOf(report: RunReport, scrub: (text: string) => string): Omit<RunRow, 'slot' | 'attempt'> {
  const { job: _, slot: __, attempt: ___, began, error, reason, ...plain } = report
  return {
    ...plain,
    began: began.toISOString(),
    ...(error === undefined ? {} : { error: wordsOf(error, scrub) }),
    ...(reason === undefined ? {} : { reason: scrub(reason) }),
  }
}

/** Converts a report into a row, with secrets removed by `scrub`. */
export function runRow(report: RunReport, scrub: (text: string) => string): RunRow {
  return { slot: report.slot.toISOString(), attempt: report.attempt, ...outcomeOf(report, scrub) }
}

/** The history of a job's slots in the log, by slot and attempt. */
export async function* history(log: Log, job: string, options: Parameters<Log['runs']>[1]): AsyncGenerator<RunRow> {
  for await (const record of log.runs(job, options)) yield rowOf(record)
}

// A run without an outcome ended with its process.
function rowOf({ slot, attempt, outcome }: RunRecord): RunRow {
  const known = (outcome ?? { status: 'abandoned' }) as unknown as RunOutcome
  return { slot: slot.toISOString(), attempt, late: 0, ms: 0, new: 0, changed: 0, duplicate: 0, ...known }
}

/** The words of an error, with secrets removed by `scrub`. Stacks are in the log lines; history does not store them. */
export function wordsOf(error: Error, scrub: (text: string) => string): Omit<ErrorInfo, 'stack'> {
  const { stack: _, ...words } = errorInfo(error, scrub)
  return words
}
