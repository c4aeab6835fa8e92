import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import { type AnyEventType, isEventType } from '../core/event-type.ts'
import { checkOptions } from '../core/options.ts'
import type { Schedule } from '../schedule/index.ts'

export interface JobOptions {
  /**
   * What happens when a slot comes while a run goes on. `skip` (default): nothing, and it is said; `queue`: it waits,
   * at most one; `replace`: the run is aborted; `parallel`: both run.
   */
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'parallel'
  /** Slots that passed while nothing ran. `once` (default): the newest runs; `skip`: none; `all`: up to 100. */
  readonly missed?: 'once' | 'skip' | 'all'
  /** How long a run may take; default 5 min, none for `always()`. */
  readonly timeout?: Duration
  /** How often a failed run is tried again before the next slot; default 0. */
  readonly retry?: number
  /** Each run begins up to this much later than its slot; default none. */
  readonly jitter?: Duration
  /** Run once when the agent starts, whatever the schedule says; default false. */
  readonly atStart?: boolean
  /**
   * What becomes of the events of the very first successful run. `tell` (default): all are told; `record`: they are
   * stored and told to nobody; `{ tell: n }`: the last n published are told.
   */
  readonly first?: 'tell' | 'record' | { readonly tell: number }
  /** The event types it publishes, for those who draw or lint an agent. */
  readonly publishes?: readonly AnyEventType[]
  /** Words to group jobs by. */
  readonly tags?: readonly string[]
  /** False: it never runs by itself; default true. */
  readonly enabled?: boolean
  /** The older name whose state, slots and history this job takes over. */
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
}

/** Reads the options of a job. */
export function settle(name: string, schedule: Schedule, options: JobOptions): JobSettings {
  const of = `of job ${quote(name)}`
  checkOptions(options, KNOWN, 'TIDINGS_JOB_INVALID', of)
  const { overlap = 'skip', missed = 'once', first = 'tell', retry = 0, jitter = 0, atStart = false } = options
  const { publishes = [], tags = [], enabled = true, formerly } = options
  const { timeout = schedule.kind === 'always' ? undefined : '5m' } = options
  const check = (fits: boolean, what: keyof JobOptions, words: string): void => {
    if (!fits) throw invalid(`${what} ${of} must be ${words}, got ${describe(options[what])}`)
  }
  check(['skip', 'queue', 'replace', 'parallel'].includes(overlap), 'overlap', 'skip, queue, replace or parallel')
  check(['once', 'skip', 'all'].includes(missed), 'missed', 'once, skip or all')
  check(first === 'tell' || first === 'record' || isCount(first?.tell), 'first', 'tell, record or { tell: n }')
  check(isCount(retry), 'retry', 'a whole number')
  check(typeof atStart === 'boolean', 'atStart', 'true or false')
  check(typeof enabled === 'boolean', 'enabled', 'true or false')
  check(isArrayOf(publishes, isEventType), 'publishes', 'event types')
  check(isArrayOf(tags, isWord), 'tags', 'words')
  check(formerly === undefined || isWord(formerly), 'formerly', 'an older name')
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
    timeout: timeout === undefined ? undefined : parseDuration(timeout, `timeout ${of}`),
    jitter: parseDuration(jitter, `jitter ${of}`, { min: 0 }),
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isArrayOf(value: unknown, fits: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((each) => fits(each))
}

/** The error of a job that can't be what it says. */
export function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_JOB_INVALID', message)
}
