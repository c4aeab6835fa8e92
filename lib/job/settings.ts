import { isCount } from '../core/count.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import { type AnyEventType, isEventType } from '../core/event-type.ts'
import { checkOptions } from '../core/options.ts'
import type { Schedule } from '../schedule/index.ts'
import { type FloodLimits, floodLimits } from './flood-rule.ts'

/** The options of a job. */
export interface JobOptions {
  /**
   * What happens when a slot is due during a run. `skip` (default): the slot is skipped and logged; `queue`: it waits,
   * at most one; `replace`: the current run is aborted; `parallel`: both run.
   */
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'parallel'
  /** Which missed slots run. `once` (default): the newest; `skip`: none; `all`: the newest 100 at most. */
  readonly missed?: 'once' | 'skip' | 'all'
  /** Maximum duration of an attempt, in ms or as a duration, from 1 ms; default 5 min, none for `always()`. A run that takes
   * longer is aborted and abandoned, with `TIDINGS_RUN_TIMEOUT`. */
  readonly timeout?: Duration
  /** How often a failed run is retried, a whole number from 0; default 0. */
  readonly retry?: number
  /** Maximum delay of each run after its slot, in ms or as a duration, from 0; default 0. */
  readonly jitter?: Duration
  /** Run once when the agent starts, whatever the schedule says; default false. */
  readonly atStart?: boolean
  /**
   * How events are handled up to and including the first successful run. `tell` (default): all are delivered; `record`:
   * they are stored, but not delivered; `{ tell: n }`: the last n published are delivered.
   */
  readonly first?:
    | 'tell'
    | 'record'
    | {
        /** How many of the last published events are delivered, a whole number from 0. */
        readonly tell: number
      }
  /** The event types it publishes, for diagrams and lint checks; default none. */
  readonly publishes?: readonly AnyEventType[]
  /** Words to group jobs by; default none. */
  readonly tags?: readonly string[]
  /** Whether the schedule is active. False: runs only on request; default true. */
  readonly enabled?: boolean
  /** The older name whose state, slots and history this job takes over; default none. */
  readonly formerly?: string
  /**
   * When the drafts that a run returns are held instead of told: at least `new` identities are new to the log (default
   * 20), and they are at least this `share` of the run's identities (default 0.9). The job must have run before, and its
   * runs must not normally be all new. `false`: nothing is held, for jobs that continue from a cursor. Drafts given to
   * `publish`, and those of `always()`, are never held.
   */
  readonly flood?: false | Partial<FloodLimits>
}

/** The options of a job with the defaults applied. */
export interface JobSettings {
  /** What happens when a slot is due during a run. */
  readonly overlap: 'skip' | 'queue' | 'replace' | 'parallel'
  /** Which missed slots run. */
  readonly missed: 'once' | 'skip' | 'all'
  /** Maximum duration of an attempt, in ms; undefined for no limit. */
  readonly timeout: number | undefined
  /** How often a failed run is retried. */
  readonly retry: number
  /** Maximum delay of each run after its slot, in ms. */
  readonly jitter: number
  /** Whether it runs once when the agent starts. */
  readonly atStart: boolean
  /** How events are handled up to and including the first successful run. */
  readonly first: NonNullable<JobOptions['first']>
  /** The event types it publishes, as far as it says. */
  readonly publishes: readonly AnyEventType[]
  /** Words to group jobs by. */
  readonly tags: readonly string[]
  /** Whether the schedule is active. */
  readonly enabled: boolean
  /** The older name that it takes over from, if any. */
  readonly formerly: string | undefined
  /** When the drafts of a run are held; false: never. */
  readonly flood: false | FloodLimits
}

const KNOWN: Record<keyof JobOptions, true> = {
  overlap: true,
  missed: true,
  timeout: true,
  retry: true,
  jitter: true,
  atStart: true,
  first: true,
  publishes: true,
  tags: true,
  enabled: true,
  formerly: true,
  flood: true,
}

/** Validates the options of a job and applies the defaults. */
export function jobSettings(name: string, schedule: Schedule, options: JobOptions): JobSettings {
  const of = `of job ${quote(name)}`
  checkOptions(options, KNOWN, 'TIDINGS_JOB_INVALID', of)
  const { overlap = 'skip', missed = 'once', first = 'tell', retry = 0, jitter = 0, atStart = false } = options
  const { publishes = [], tags = [], enabled = true, formerly } = options
  const { flood = {} } = options
  const { timeout = schedule.kind === 'always' ? undefined : '5m' } = options
  const check = (fits: boolean, what: keyof JobOptions, words: string): void => {
    if (!fits) throw invalid(`${what} ${of} must be ${words}, got ${describe(options[what])}`)
  }
  check(['skip', 'queue', 'replace', 'parallel'].includes(overlap), 'overlap', 'skip, queue, replace or parallel')
  check(['once', 'skip', 'all'].includes(missed), 'missed', 'once, skip or all')
  check(first === 'tell' || first === 'record' || isCount(first?.tell), 'first', 'tell, record or { tell: n }')
  if (typeof first === 'object') checkOptions(first, { tell: true }, 'TIDINGS_JOB_INVALID', `of first ${of}`)
  check(isCount(retry), 'retry', 'a whole number')
  check(typeof atStart === 'boolean', 'atStart', 'true or false')
  check(typeof enabled === 'boolean', 'enabled', 'true or false')
  check(isArrayOf(publishes, isEventType), 'publishes', 'event types')
  check(isArrayOf(tags, isWord), 'tags', 'words')
  check(formerly === undefined || isWord(formerly), 'formerly', 'an older name')
  const limits = flood === false ? flood : floodLimits(flood)
  const words = 'false, or { new: n, share: s } with n a whole number from 1 and s above 0, at most 1'
  if (limits === undefined) throw invalid(`flood ${of} must be ${words}, got ${membersOf(flood)}`)
  return {
    overlap,
    missed,
    first,
    retry,
    atStart,
    publishes,
    tags,
    enabled,
    formerly,
    flood: limits,
    timeout: timeout === undefined ? undefined : parseDuration(timeout, `timeout ${of}`),
    jitter: parseDuration(jitter, `jitter ${of}`, { min: 0 }),
  }
}

function membersOf(given: unknown): string {
  const members = Object.entries(given ?? {}).map(([name, value]) => `${name}: ${describe(value)}`)
  return typeof given !== 'object' || members.length === 0 ? describe(given) : `{ ${members.join(', ')} }`
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isArrayOf(value: unknown, fits: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((each) => fits(each))
}

/** The error of an invalid job definition. */
export function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_JOB_INVALID', message)
}
