import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, TidingsError } from '../core/errors.ts'

/**
 * What a log keeps. The body of an event goes when any of these says so, the oldest first, and never before every
 * listener is done with it. Identities stay: an event that is gone is still refused a second time.
 */
export interface Retention {
  /** Bodies are kept for this long. */
  readonly age?: Duration
  /** So many of the newest bodies are kept. */
  readonly count?: number
  /** The newest bodies are kept that are so large together, as they were written (on disk they are compressed). */
  readonly bytes?: number
  /**
   * Identities are kept for this long, by the event that was told last, and at least as long as its body; then it may
   * be told again. Default: for ever.
   */
  readonly identities?: Duration
}

/**
 * Which listener keeps events that a retention would remove, and why: its `cursor` has not passed event `seq`, or that
 * waits for a `retry`, is `parked` or `in flight`.
 */
export interface HeldBy {
  readonly listener: string
  readonly seq: number
  readonly why: 'cursor' | 'retry' | 'parked' | 'in flight'
}

/**
 * What was pruned.
 *
 * - `first`, `last`: the seqs of the oldest event that is kept and of the newest; when none is kept, `first` is one more
 */
export interface Pruned {
  /** How many bodies. */
  readonly removed: number
  readonly first: number
  readonly last: number
  /** How many identities were dropped. */
  readonly identities: number
  /** Who keeps the log from removing more. */
  readonly heldBy?: HeldBy
}

/** A retention in numbers; what is not asked for bounds nothing. */
export interface Bounds {
  readonly age: number
  readonly count: number
  readonly bytes: number
  readonly identities: number
}

const PARTS = ['age', 'count', 'bytes', 'identities'] as const

/**
 * A retention, checked.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, `TIDINGS_DURATION_INVALID`
 */
export function boundsOf(retention: Retention): Bounds {
  if (typeof retention !== 'object' || retention === null)
    throw wrong('retention', `one or more of ${PARTS.join(', ')}`, describe(retention))
  const given = Object.keys(retention).filter((part) => retention[part as keyof Retention] !== undefined)
  const unknown = given.find((part) => !PARTS.includes(part as keyof Retention))
  if (unknown !== undefined || given.length === 0) {
    const got = unknown ?? 'none'
    throw wrong('retention', `one or more of ${PARTS.join(', ')}`, got)
  }
  return {
    age: duration(retention.age, 'age'),
    count: whole(retention.count, 'count'),
    bytes: whole(retention.bytes, 'bytes'),
    identities: duration(retention.identities, 'identities'),
  }
}

function duration(value: Duration | undefined, part: string): number {
  return value === undefined ? Number.POSITIVE_INFINITY : parseDuration(value, `${part} of a retention`)
}

function whole(value: number | undefined, part: string): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(part, 'a whole number, not negative', describe(value))
}

function wrong(path: string, expected: string, got: string): TidingsError {
  const of = path === 'retention' ? 'a retention' : `${path} of a retention`
  return new TidingsError('TIDINGS_LOG_INVALID', `${of} must be ${expected}, got ${got}`, { details: { path } })
}
