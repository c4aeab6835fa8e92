import { refuse } from './operand.ts'
import { type Maybe, named, type Test } from './test.ts'

/** An instant: a Date, an ISO string (UTC where it names no zone), or ms since the epoch. */
export type Instant = Date | string | number

/**
 * Holds for an instant before the bound; false for values that are not dates. Bound and value may be written differently.
 *
 * @throws TypeError for a bound that is not an instant
 *
 * @example
 * ```ts
 * import { before } from 'tidings/filters'
 *
 * console.log(before('2027-01-01')(new Date(0)), before(new Date(0))('soon')) // true false
 * ```
 */
export function before(bound: Instant): Test<Maybe<Instant>> {
  return comparing('before', bound, (value, limit) => value < limit)
}

/**
 * Holds for an instant after the bound; see `before`.
 *
 * @example
 * ```ts
 * import { after } from 'tidings/filters'
 *
 * console.log(after('2026-05-01T12:00:00+02:00')('2026-05-01T10:00:01Z')) // true
 * ```
 */
export function after(bound: Instant): Test<Maybe<Instant>> {
  return comparing('after', bound, (value, limit) => value > limit)
}

function comparing(name: string, bound: Instant, holds: (value: number, limit: number) => boolean): Test<unknown> {
  const limit = instant(bound)
  if (Number.isNaN(limit)) refuse(`${name}()`, 'a valid Date, an ISO string or milliseconds', bound)
  const operand = bound instanceof Date ? new Date(limit) : bound
  const shown = operand instanceof Date ? operand.toISOString() : operand
  return named(name, [operand], (value) => holds(instant(value), limit), [shown])
}

/**
 * The instant that a value denotes, in ms since the epoch, or NaN. Instants are written as a Date, as ms, or as an
 * ISO string, which is what JSON keeps of a Date. A string without a zone is taken as UTC: read as local time, as
 * `Date.parse` would, it would mean another instant on another machine, or in a replay after a move.
 */
export function instant(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'number') return new Date(value).getTime() // NaN beyond the 8.64e15 ms that a Date can hold
  return typeof value === 'string' ? parsed(value) : Number.NaN
}

const ISO = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

function parsed(text: string): number {
  const [, day, time = 'T00:00', zone = 'Z'] = ISO.exec(text) ?? []
  // V8 turns 30 February into 1 March, so only a day that survives the round trip is in the calendar
  const midnight = Date.parse(`${day}T00:00Z`)
  const isDay = day !== undefined && !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day)
  return isDay ? Date.parse(day + time + zone) : Number.NaN
}
