import { instant } from './instant.ts'
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
  return named(name, [operand], (value) => holds(instant(value), limit))
}
