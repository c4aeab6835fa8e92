import { count, KINDS, type Kind, kindOf } from './kind.ts'
import { refuse } from './operand.ts'
import { type Maybe, named, type Test } from './test.ts'

/**
 * Holds for every value except null and undefined, so for `''`, `0` and `false` too.
 *
 * @example
 * ```ts
 * import { exists } from 'tidings/filters'
 *
 * console.log(['', null].filter(exists)) // [ '' ]
 * ```
 */
export const exists: Test<unknown> = named('exists', undefined, (value) => value !== null && value !== undefined)

/**
 * Holds for `''`, `[]` and `{}`. For null and missing values, use `not(exists)`.
 *
 * @example
 * ```ts
 * import { isEmpty } from 'tidings/filters'
 *
 * console.log(isEmpty([]), isEmpty(null)) // true false
 * ```
 */
export const isEmpty: Test<Maybe<string | object>> = named('isEmpty', undefined, (value) => count(value) === 0)

/**
 * Holds for values of one JSON kind. Values that JSON cannot hold (undefined, NaN, a Date, a class instance) have no
 * kind; null and arrays are not objects.
 *
 * @throws TypeError for any other name of a kind
 *
 * @example
 * ```ts
 * import { isType } from 'tidings/filters'
 *
 * console.log([3, '3', null].filter(isType('string'))) // [ '3' ]
 * ```
 */
export function isType(kind: Kind): Test<unknown> {
  if (!KINDS.includes(kind)) refuse('isType()', `one of ${KINDS.join(', ')}`, kind)
  return named('isType', [kind], (value) => kindOf(value) === kind)
}
