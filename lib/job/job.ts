import type { Observable } from 'rxjs'
import { brand, isBranded } from '../core/brand.ts'
import type { Context } from '../core/context.ts'
import { describe, quote } from '../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import { checkName } from '../core/limits.ts'
import type { Query } from '../log/port.ts'
import type { Schedule } from '../schedule/index.ts'
import { invalid, type JobOptions, type JobSettings, jobSettings } from './settings.ts'

/** The context of a run: what it sees of its job, the log and the world. */
export interface JobContext extends Context {
  /** The instant for which the run was scheduled; for a requested run, when it was requested. */
  readonly slot: Date
  /** How much later the attempt began, in ms, apart from its jitter: the slot was missed, is retried or had to wait. */
  readonly late: number
  /** The events that match the query, as of the start of the iteration. Empty without a log. */
  events(query?: Query): AsyncIterable<StoredEvent>
}

/** Any number of drafts, synchronous or asynchronous. */
export type Drafts = Draft | Iterable<Draft> | AsyncIterable<Draft> | Observable<Draft>

/**
 * The function of a job: publishes drafts, returns them, or both. Where the job has a history, returned drafts are
 * accepted when the run ends or saves its state, since all of them together may be a flood; see `JobOptions.flood`.
 */
export type Run = (
  context: JobContext,
) => undefined | void | Receipt | Drafts | Promise<undefined | void | Receipt | Drafts>

/** A named schedule and the function that it runs. Created by `job(…)`. */
export interface Job {
  /** Tells a job from the other parts of an agent. */
  readonly kind: 'job'
  /** Its name, unique in the agent: the log keeps its state, its slots and its history by it. */
  readonly name: string
  /** When it runs. */
  readonly schedule: Schedule
  /** What it does. */
  readonly run: Run
  /** Its options, with the defaults applied. */
  readonly settings: JobSettings
}

/**
 * Defines a job.
 *
 * @throws TidingsError `TIDINGS_JOB_INVALID`, naming the argument or option that is wrong
 *
 * @example
 * ```ts
 * import { eventType, every, job } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * export const hello = job('hello', every(2).seconds, ({ publish }) => publish(greeting, '123', { payload: 'hello' }))
 * export const many = job('many', every('10m'), async () => [greeting('1', { payload: 'a' }), greeting('2', { payload: 'b' })])
 * ```
 */
export function job(name: string, schedule: Schedule, run: Run, options: JobOptions = {}): Job {
  checkName(name, 'TIDINGS_JOB_INVALID', 'the name of a job')
  if (typeof schedule?.next !== 'function') {
    const got =
      'minutes' in Object(schedule)
        ? "every(n) without a unit: every(n).minutes, every('250ms'), or a number of ms from 1000"
        : 'on' in Object(schedule)
          ? "months without a day: every().month.on('last')"
          : describe(schedule)
    throw invalid(`job ${quote(name)} needs a schedule such as every('10m'), got ${got}`)
  }
  if (typeof run !== 'function') throw invalid(`job ${quote(name)} needs a function to run, got ${describe(run)}`)
  return brand('job', { kind: 'job', name, schedule, run, settings: jobSettings(name, schedule, options) })
}

/** Whether `value` is a job, from this copy of the package or another. */
export function isJob(value: unknown): value is Job {
  return isBranded('job', value)
}
