import { quote, TidingsError } from '../../core/errors.ts'
import { type RunRow, runRow } from '../../job/history.ts'
import type { Job } from '../../job/job.ts'
import { removeJob, resetJob } from '../../job/read-job.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import { nextRuns } from '../../schedule/index.ts'
import { scheduleWords } from '../../schedule/next-slot.ts'
import type { Code } from '../code.ts'
import type { DryRun } from '../dry-run.ts'
import type { Helm } from '../helm.ts'
import { isPaused } from '../pauses.ts'
import { knownJob, refuseIfInUse, settledOf } from './known.ts'
import { type ListedJob, listJobs, remembered } from './list-jobs.ts'
import { type PauseAnswer, pausing } from './pausing.ts'

/** How a job ran that was asked to. Without `run` it did not: it runs already. */
export interface RunAnswer {
  readonly name: string
  readonly run?: RunRow
}

/**
 * When a job runs next: fewer slots than were asked for where its schedule ends. `paused`, or not `enabled`: then
 * it does not.
 */
export interface NextAnswer {
  readonly name: string
  readonly schedule: string
  readonly enabled?: false
  readonly paused: boolean
  readonly slots: readonly string[]
}

/** From when on a job's schedule begins. `before`: up to when its slots were settled. */
export interface JobResetAnswer {
  readonly name: string
  readonly before?: string
  readonly begins: string
}

/** What can be asked of jobs, and done with them. A name that neither the log nor the code knows is refused. */
export interface JobOperations {
  list(): Promise<readonly ListedJob[]>
  /** What became of its slots, the newest first; `limit`: at most so many, default all that the log remembers. */
  history(name: string, question?: { readonly limit?: number }): Promise<readonly RunRow[]>
  /** When it runs next: so many slots, default 10. Only where an agent runs, or its code is at hand. */
  next(name: string, question?: { readonly limit?: number }): Promise<NextAnswer>
  /** Runs a job now, beside its schedule; resolves when it has ended. Only where an agent runs. */
  run(name: string): Promise<RunAnswer>
  /** Runs a job now and stores nothing. Only where an agent runs, or its code is at hand. */
  dryRun(name: string): Promise<DryRun>
  /** Its schedule starts no run until it is resumed, also after a restart. */
  pause(name: string): Promise<PauseAnswer>
  /** What passed meanwhile counts as missed. */
  resume(name: string): Promise<PauseAnswer>
  /**
   * Its schedule begins now, whatever was settled before: the way out after a clock that was ahead. What is open comes to
   * nothing; a run that goes on may end. A slot for which the log remembers a run is not run again.
   */
  reset(name: string): Promise<JobResetAnswer>
  /** Forgets a job that the agent does not have: its record, its state, its slots and their history. */
  remove(name: string): Promise<{ readonly name: string }>
}

/** So many of the next slots are told when nobody says how many, and at most. */
const SLOTS = { usual: 10, most: 1000 }

export function jobOperations(log: Log, helm?: Helm, code: Code | undefined = helm): JobOperations {
  return {
    list: () => listJobs(log, helm, code),
    history: async (name, { limit } = {}) => {
      const rows = await remembered(log, name, limit)
      // A name that another one took over has its past, and nothing else.
      if (rows.length === 0) await knownJob(log, name)
      return rows
    },
    next: async (name, { limit } = {}) => {
      await refuseUnknown(log, code, name)
      return next(log, codeOf(code, name).job, Math.min(count(limit, 'limit', SLOTS.usual), SLOTS.most))
    },
    ...pausing(log, helm, 'job'),
    reset: async (name) => {
      await knownJob(log, name)
      const { upTo } = await log.slots(name)
      const now = log.clock.now()
      await (helm?.job(name)?.reset() ?? resetJob(log, name, now))
      return {
        name,
        ...(upTo === undefined ? {} : { before: upTo.toISOString() }),
        begins: new Date(now).toISOString(),
      }
    },
    remove: async (name) => {
      await knownJob(log, name)
      refuseIfInUse(helm?.job(name), 'job', name)
      await removeJob(log, name)
      return { name }
    },
    run: async (name) => {
      await knownJob(log, name)
      if (helm === undefined) throw nobody(name)
      const report = await helm.trigger(name)
      return report === undefined ? { name } : { name, run: runRow(report, (text) => helm.scrub(text)) }
    },
    dryRun: async (name) => {
      await refuseUnknown(log, code, name)
      const { job, code: own } = codeOf(code, name)
      return own.dryRun(job)
    },
  }
}

// One that has never run is known to the code alone.
async function refuseUnknown(log: Log, code: Code | undefined, name: string): Promise<void> {
  if (code?.job(name) !== undefined) return
  await knownJob(
    log,
    name,
    code?.jobs().map((job) => job.name),
  )
}

async function next(log: Log, job: Job, limit: number): Promise<NextAnswer> {
  const { name, schedule, settings } = job
  const { anchor, upTo = anchor } = await settledOf(log, job)
  const slots = nextRuns(schedule, limit, new Date(Math.max(log.clock.now(), upTo)), new Date(anchor))
  const paused = await isPaused(log, 'job', name)
  const off = settings.enabled ? {} : { enabled: false as const }
  return { name, schedule: scheduleWords(schedule), ...off, paused, slots: slots.map((slot) => slot.toISOString()) }
}

function codeOf(code: Code | undefined, name: string): { readonly job: Job; readonly code: Code } {
  const job = code?.job(name)?.job
  if (code !== undefined && job !== undefined) return { job, code }
  const why = code === undefined ? 'no agent runs on this log: say its FILE' : 'the agent has no such job any more'
  throw invalid(name, `nobody knows what job ${quote(name)} is: ${why}`)
}

function nobody(name: string): TidingsError {
  const job = /^[\w.-]+$/.test(name) ? name : quote(name)
  const how = `start it with tidings run FILE, or run the job once with tidings run FILE --once --only ${job}`
  return invalid(name, `no agent runs on this log: ${how}`)
}

function invalid(job: string, message: string): TidingsError {
  return new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job } })
}
