import { quote, TidingsError } from '../../core/errors.ts'
import { HeldDrafts } from '../../job/held-drafts.ts'
import type { Job } from '../../job/job.ts'
import { removeJob, resetJob } from '../../job/job-record.ts'
import { type RunRow, runRow } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import { nextRuns } from '../../schedule/index.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { DryRun } from '../run/dry-run.ts'
import type { Code } from '../run/job-code.ts'
import { isPaused } from '../run/pauses.ts'
import { knownJob, refuseIfInUse, settledOf } from './known.ts'
import { type ListedJob, listJobs, remembered } from './list-jobs.ts'
import { type PauseAnswer, pausing } from './pausing.ts'
import { type TimelineQuestion, type TimelineRow, timeline } from './timeline.ts'

/** The outcome of a requested run. */
export interface RunAnswer {
  /** The name of the job. */
  readonly name: string
  /** The run, which has ended; absent if the job was already running. */
  readonly run?: RunRow
}

/** When a job runs next. */
export interface NextAnswer {
  /** The name of the job. */
  readonly name: string
  /** The schedule, in words. */
  readonly schedule: string
  /** Present if the job is not enabled: its schedule starts no runs. */
  readonly enabled?: false
  /** Whether the job is paused: its schedule starts no runs until it is resumed. */
  readonly paused: boolean
  /** The next slots, in ISO format; fewer than requested if the schedule ends. */
  readonly slots: readonly string[]
}

/** The outcome of a reset. */
export interface JobResetAnswer {
  /** The name of the job. */
  readonly name: string
  /** The time up to which its slots were settled before, in ISO format; absent if none were. */
  readonly before?: string
  /** When the schedule begins, in ISO format. */
  readonly begins: string
}

/** What became of held drafts. */
export interface HeldAnswer {
  /** The name of the job. */
  readonly name: string
  /** How many of them were new to the log. */
  readonly new: number
  /** How many were another version of a known identity. */
  readonly changed: number
  /** How many the log had accepted meanwhile. */
  readonly duplicate: number
}

/** The operations on jobs. They reject a name that neither the log nor the code knows. */
export interface JobOperations {
  /** All jobs that the log or the code knows. */
  list(): Promise<readonly ListedJob[]>
  /** The outcomes of its slots, newest first. */
  history(
    name: string,
    question?: {
      /** At most this many slots; default all that the log remembers. */
      readonly limit?: number
    },
  ): Promise<readonly RunRow[]>
  /** The newest slots of all jobs, newest first: what ran, and what was missed or blocked. */
  timeline(question?: TimelineQuestion): Promise<readonly TimelineRow[]>
  /** Its next slots. Needs a running agent, or the job's code. */
  next(
    name: string,
    question?: {
      /** This many slots, at most 1000; default 10. */
      readonly limit?: number
    },
  ): Promise<NextAnswer>
  /** Runs a job now, besides its schedule; resolves when the run has ended. Needs a running agent. */
  run(name: string): Promise<RunAnswer>
  /**
   * Aborts the attempts that run now, through their signal. Their slots are recorded as abandoned and not tried again; a run
   * of `always()` begins again. `aborted`: whether any ran; never without a running agent.
   */
  abort(name: string): Promise<{
    /** The name of the job. */
    readonly name: string
    /** Whether an attempt was running. */
    readonly aborted: boolean
  }>
  /** Runs a job now without storing anything. Needs a running agent, or the job's code. */
  dryRun(name: string): Promise<DryRun>
  /** Its schedule starts no run until it is resumed, also after a restart. */
  pause(name: string): Promise<PauseAnswer>
  /** Resumes a job. Slots that passed during the pause count as missed. */
  resume(name: string): Promise<PauseAnswer>
  /**
   * Restarts its schedule now, whatever was settled before: the remedy after a clock that was ahead. Drops open slots;
   * a run in progress may finish. A slot for which the log remembers a run does not run again.
   */
  reset(name: string): Promise<JobResetAnswer>
  /** Accepts its held drafts, in order, and tells them. See `JobOptions.flood`. */
  release(name: string): Promise<HeldAnswer>
  /** Accepts its held drafts without telling them. */
  discard(name: string): Promise<HeldAnswer>
  /** Removes a job that the agent does not have: its record, its state, its slots and their history. */
  remove(name: string): Promise<{
    /** The name of the removed job. */
    readonly name: string
  }>
}

/** How many of the next slots are listed by default, and at most. */
const SLOTS = { usual: 10, most: 1000 }

export function jobOperations(log: Log, agent?: AgentControl, code: Code | undefined = agent): JobOperations {
  return {
    list: () => listJobs(log, agent, code),
    history: async (name, { limit } = {}) => {
      const rows = await remembered(log, name, limit)
      // A name that another job took over has that job's past, and nothing else.
      if (rows.length === 0) await knownJob(log, name)
      return rows
    },
    timeline: (question) => timeline(log, question),
    next: async (name, { limit } = {}) => {
      await refuseUnknown(log, code, name)
      return next(log, codeOf(code, name).job, Math.min(count(limit, 'limit', SLOTS.usual), SLOTS.most))
    },
    ...pausing(log, agent, 'job'),
    reset: async (name) => {
      await knownJob(log, name)
      const { upTo } = await log.slots(name)
      const now = log.clock.now()
      await (agent?.job(name)?.reset() ?? resetJob(log, name, now))
      return {
        name,
        ...(upTo === undefined ? {} : { before: upTo.toISOString() }),
        begins: new Date(now).toISOString(),
      }
    },
    release: (name) => settle(log, name, true),
    discard: (name) => settle(log, name, false),
    remove: async (name) => {
      await knownJob(log, name)
      refuseIfInUse(agent?.job(name), 'job', name)
      await removeJob(log, name)
      return { name }
    },
    run: async (name) => {
      await knownJob(log, name)
      if (agent === undefined) throw noAgent(name)
      const report = await agent.trigger(name)
      return report === undefined ? { name } : { name, run: runRow(report, (text) => agent.scrub(text)) }
    },
    abort: async (name) => {
      await knownJob(log, name)
      return { name, aborted: agent?.job(name)?.abort() ?? false }
    },
    dryRun: async (name) => {
      await refuseUnknown(log, code, name)
      const { job, code: own } = codeOf(code, name)
      return own.dryRun(job)
    },
  }
}

async function settle(log: Log, name: string, told: boolean): Promise<HeldAnswer> {
  await knownJob(log, name)
  return { name, ...(await new HeldDrafts(log, name).settle(told)) }
}

// Only the code knows a job that has never run.
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
  const why = code === undefined ? 'no agent runs on this log: give its FILE' : 'the agent has no such job any more'
  throw invalid(name, `the code of job ${quote(name)} is unknown: ${why}`)
}

function noAgent(name: string): TidingsError {
  const job = /^[\w.-]+$/.test(name) ? name : quote(name)
  const how = `start it with tidings run FILE, or run the job once with tidings run FILE --once --only ${job}`
  const message = `no agent runs on this log: ${how}`
  return new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job: name, running: false } })
}

function invalid(job: string, message: string): TidingsError {
  return new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job } })
}
