import { type Folding, folding, type TextOptions } from './fold.ts'
import { type Ordered, ordered, refuse, type Scalar, scalar } from './operand.ts'
import { code } from './print.ts'
import { type Maybe, named, type Test, type Wide } from './test.ts'

/**
 * Holds for exactly this value: strict, so `eq(1)` is false for `'1'`. Dates are equal when they are the same instant.
 * For an absent value, use `not(exists)`.
 *
 * @throws TypeError for an operand that no value of an event equals: undefined, NaN, an invalid Date, an object or array
 *
 * @example
 * ```ts
 * import { eq } from 'tidings/filters'
 *
 * console.log(eq(3)(3), eq('open', { ignoreCase: true })('Open')) // true true
 * ```
 */
export function eq<const T extends Scalar>(expected: T, options?: TextOptions): Test<Maybe<Wide<T>>> {
  const { fold, shown } = folding('eq()', options)
  const operand = scalar('eq()', expected)
  return named('eq', [operand, ...shown], equals(operand, fold))
}

/**
 * The negation of `eq`, and nothing more: it also holds for a value that is missing or of another kind.
 *
 * @example
 * ```ts
 * import { ne } from 'tidings/filters'
 *
 * console.log(ne('draft')('open'), ne('draft')(undefined)) // true true
 * ```
 */
export function ne<const T extends Scalar>(unwanted: T, options?: TextOptions): Test<Maybe<Wide<T>>> {
  const { fold, shown } = folding('ne()', options)
  const operand = scalar('ne()', unwanted)
  const holds = equals(operand, fold)
  return named('ne', [operand, ...shown], (value) => !holds(value))
}

/**
 * Holds for any of these values, each compared as by `eq`. A thousand cost no more than one.
 *
 * @throws TypeError without any value, and for operands that `eq` refuses
 *
 * @example
 * ```ts
 * import { oneOf } from 'tidings/filters'
 *
 * console.log(['bug', 'idea', 'crash'].filter(oneOf('bug', 'crash'))) // [ 'bug', 'crash' ]
 * ```
 */
export function oneOf<const T extends Scalar>(...expected: readonly [T, ...T[]]): Test<Maybe<Wide<T>>> {
  if (expected.length === 0) refuse('oneOf()', 'at least one value', expected)
  const operands = expected.map((one) => scalar('oneOf()', one))
  const dates = operands.filter((one) => one instanceof Date)
  const instants = new Set(dates.map(Number))
  const others = new Set<unknown>(operands)
  return named('oneOf', operands, (value) =>
    value instanceof Date ? instants.has(value.getTime()) : others.has(value),
  )
}

/**
 * Holds below the bound. Numbers, strings (by code unit) and Dates (as instants) have an order, each among themselves:
 * a value of another kind than the bound is neither below nor above it.
 *
 * @throws TypeError for a bound that has no order: NaN, an invalid Date, anything else
 *
 * @example
 * ```ts
 * import { lt } from 'tidings/filters'
 *
 * console.log([1, 2, 3].filter(lt(3))) // [ 1, 2 ]
 * ```
 */
export function lt<T extends Ordered>(bound: T): Test<Maybe<Wide<T>>> {
  return ordering('lt', bound, (order) => order < 0)
}

/** Holds below the bound and at the bound; see `lt`. */
export function lte<T extends Ordered>(bound: T): Test<Maybe<Wide<T>>> {
  return ordering('lte', bound, (order) => order <= 0)
}

/** Holds above the bound; see `lt`. */
export function gt<T extends Ordered>(bound: T): Test<Maybe<Wide<T>>> {
  return ordering('gt', bound, (order) => order > 0)
}

/** Holds above the bound and at the bound; see `lt`. */
export function gte<T extends Ordered>(bound: T): Test<Maybe<Wide<T>>> {
  return ordering('gte', bound, (order) => order >= 0)
}

/**
 * Holds from `lo` to `hi`, both included; order as for `lt`.
 *
 * @throws TypeError for ends of two kinds, or the wrong way round
 *
 * @example
 * ```ts
 * import { between } from 'tidings/filters'
 *
 * console.log([1, 2, 3, 4].filter(between(2, 3))) // [ 2, 3 ]
 * ```
 */
export function between<T extends Ordered>(lo: T, hi: NoInfer<Wide<T>>): Test<Maybe<Wide<T>>> {
  const low = ordered('between()', lo)
  const high = ordered('between()', hi)
  if (!(compare(low, high) <= 0)) refuse('between()', `an upper end in order with ${code(low)}`, high)
  return named('between', [low, high], (value) => compare(value, low) >= 0 && compare(value, high) <= 0)
}

function ordering(name: string, bound: unknown, holds: (order: number) => boolean): Test<unknown> {
  const operand = ordered(`${name}()`, bound)
  return named(name, [operand], (value) => holds(compare(value, operand)))
}

function equals(expected: Scalar, fold: Folding['fold']): (value: unknown) => boolean {
  if (expected instanceof Date) return (value) => compare(value, expected) === 0
  if (typeof expected !== 'string') return (value) => value === expected
  const wanted = fold(expected)
  return (value) => typeof value === 'string' && fold(value) === wanted
}

/** Negative, 0 or positive; NaN where there is no order, which makes every comparison with 0 false. */
export function compare(value: unknown, bound: Ordered): number {
  if (bound instanceof Date) return value instanceof Date ? value.getTime() - bound.getTime() : Number.NaN
  if (typeof value !== typeof bound) return Number.NaN
  const known = value as Ordered
  return known < bound ? -1 : known > bound ? 1 : known === bound ? 0 : Number.NaN
}
