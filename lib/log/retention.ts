import { isCount } from '../core/count.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, TidingsError } from '../core/errors.ts'

/**
 * What a log keeps. It removes the body of an event when any of these bounds is exceeded, the oldest first, and never
 * before every listener is done with it. Identities stay: a removed event is still a duplicate the second time.
 */
export interface Retention {
  /** Keeps bodies for this long; default no bound. */
  readonly age?: Duration
  /** Keeps this many of the newest bodies, from 0; default no bound. */
  readonly count?: number
  /** Keeps the newest bodies up to this many bytes, as written (compressed on disk), from 0; default no bound. */
  readonly bytes?: number
  /**
   * Keeps an identity for this long after its last told event, and at least as long as its body; then it may be told
   * again. Default for ever.
   */
  readonly identities?: Duration
}

/** The listener that keeps events which a retention would remove. */
export interface HeldBy {
  /** The name of the listener. */
  readonly listener: string
  /** The oldest event that the listener still needs. */
  readonly seq: number
  /** Why: its cursor has not passed the event, or the event waits for a retry, is parked or in flight. */
  readonly why: 'cursor' | 'retry' | 'parked' | 'in flight'
}

/** Returns the need with the lowest seq; the first of equals. */
export function lowestNeed(needs: readonly HeldBy[]): HeldBy | undefined {
  return needs.reduce<HeldBy | undefined>(
    (low, need) => (low === undefined || need.seq < low.seq ? need : low),
    undefined,
  )
}

/** The result of a prune. */
export interface Pruned {
  /** The number of bodies removed. */
  readonly removed: number
  /** The seq of the oldest body kept; `last` + 1 when none is kept. */
  readonly first: number
  /** The seq of the newest event. */
  readonly last: number
  /** The number of identities removed. */
  readonly identities: number
  /** The listener that kept the log from removing more; absent when none did. */
  readonly heldBy?: HeldBy
}

/** A retention in numbers; a part that is not given is Infinity. */
export interface Bounds {
  /** In ms. */
  readonly age: number
  readonly count: number
  readonly bytes: number
  /** In ms. */
  readonly identities: number
}

const PARTS = ['age', 'count', 'bytes', 'identities'] as const

/**
 * Validates a retention and converts it to numbers.
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
  if (isCount(value)) return value
  throw wrong(part, 'a whole number, not negative', describe(value))
}

function wrong(path: string, expected: string, got: string): TidingsError {
  const of = path === 'retention' ? 'a retention' : `${path} of a retention`
  return new TidingsError('TIDINGS_LOG_INVALID', `${of} must be ${expected}, got ${got}`, { details: { path } })
}
