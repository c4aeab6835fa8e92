import type { Observable } from 'rxjs'
import { brand, isBranded } from '../core/brand.ts'
import type { Context } from '../core/context.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { Draft, Receipt } from '../core/event.ts'
import type { AnyEventType } from '../core/event-type.ts'
import type { Schedule } from '../schedule/index.ts'

/**
 * What a run is given. `slot`: the time that its schedule named; `late`: how much later it begins, in ms, its jitter
 * aside: it was missed, tried again, or had to wait.
 */
export interface JobContext extends Context {
  readonly slot: Date
  readonly late: number
}

/** Drafts, however many, now or later. */
export type Drafts = Draft | Iterable<Draft> | AsyncIterable<Draft> | Observable<Draft>

/** What a job does: publishes, or returns drafts, or both. */
export type Run = (
  context: JobContext,
) => undefined | void | Receipt | Drafts | Promise<undefined | void | Receipt | Drafts>

/**
 * - `overlap`: what happens when a slot comes while a run goes on. `skip` (default): nothing, and it is said; `queue`:
 *   it waits, at most one; `replace`: the run is aborted; `parallel`: both run
 * - `missed`: slots that passed while nothing ran. `once` (default): the newest runs; `skip`: none; `all`: up to 100
 * - `timeout`: how long a run may take; default 5 min, none for `always()`
 * - `retry`: how often a failed run is tried again before the next slot; default 0
 * - `jitter`: each run begins up to this much later than its slot; default none
 * - `atStart`: run once when the agent starts, whatever the schedule says; default false
 * - `first`: what becomes of the events of the very first successful run. `tell` (default): all are told; `record`:
 *   they are stored and told to nobody; `{ tell: n }`: the last n published are told
 * - `publishes`: the event types it publishes, for those who draw or lint an agent
 * - `tags`: words to group jobs by
 * - `enabled`: false: it never runs by itself; default true
 * - `formerly`: the older name whose state and slots this job takes over
 */
export interface JobOptions {
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'parallel'
  readonly missed?: 'once' | 'skip' | 'all'
  readonly timeout?: Duration
  readonly retry?: number
  readonly jitter?: Duration
  readonly atStart?: boolean
  readonly first?: 'tell' | 'record' | { readonly tell: number }
  readonly publishes?: readonly AnyEventType[]
  readonly tags?: readonly string[]
  readonly enabled?: boolean
  readonly formerly?: string
}

/** Options with their defaults, durations in ms; `timeout` is undefined when there is none. */
export interface JobSettings {
  readonly overlap: 'skip' | 'queue' | 'replace' | 'parallel'
  readonly missed: 'once' | 'skip' | 'all'
  readonly timeout: number | undefined
  readonly retry: number
  readonly jitter: number
  readonly atStart: boolean
  readonly first: 'tell' | 'record' | { readonly tell: number }
  readonly publishes: readonly AnyEventType[]
  readonly tags: readonly string[]
  readonly enabled: boolean
  readonly formerly: string | undefined
}

/** A named schedule and the function that it runs. Made by `job(…)`. */
export interface Job {
  readonly kind: 'job'
  readonly name: string
  readonly schedule: Schedule
  readonly run: Run
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
  if (typeof name !== 'string' || name === '')
    throw invalid(`the name of a job must be a string, got ${describe(name)}`)
  if (typeof schedule?.next !== 'function') {
    throw invalid(`job ${quote(name)} needs a schedule such as every('10m'), got ${describe(schedule)}`)
  }
  if (typeof run !== 'function') throw invalid(`job ${quote(name)} needs a function to run, got ${describe(run)}`)
  return brand('job', { kind: 'job', name, schedule, run, settings: settle(name, schedule, options) })
}

/** Whether `value` is a job, of this copy of the package or another. */
export function isJob(value: unknown): value is Job {
  return isBranded('job', value)
}

function settle(name: string, schedule: Schedule, options: JobOptions): JobSettings {
  const of = `of job ${quote(name)}`
  const { overlap = 'skip', missed = 'once', first = 'tell', retry = 0, tags = [], formerly } = options
  if (!['skip', 'queue', 'replace', 'parallel'].includes(overlap)) {
    throw invalid(`overlap ${of} must be skip, queue, replace or parallel, got ${describe(overlap)}`)
  }
  if (!['once', 'skip', 'all'].includes(missed)) {
    throw invalid(`missed ${of} must be once, skip or all, got ${describe(missed)}`)
  }
  if (first !== 'tell' && first !== 'record' && !isCount(first?.tell)) {
    throw invalid(`first ${of} must be tell, record or { tell: n }, got ${describe(first)}`)
  }
  if (!isCount(retry)) throw invalid(`retry ${of} must be a whole number, got ${describe(retry)}`)
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string' || tag === '')) {
    throw invalid(`tags ${of} must be words, got ${describe(tags)}`)
  }
  const timeout = options.timeout ?? (schedule.kind === 'always' ? undefined : '5m')
  return {
    overlap,
    missed,
    first,
    retry,
    formerly,
    timeout: timeout === undefined ? undefined : parseDuration(timeout, `timeout ${of}`),
    jitter: parseDuration(options.jitter ?? 0, `jitter ${of}`, { min: 0 }),
    atStart: options.atStart ?? false,
    publishes: options.publishes ?? [],
    tags,
    enabled: options.enabled ?? true,
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_JOB_INVALID', message)
}
