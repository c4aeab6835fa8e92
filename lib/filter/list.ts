import { count } from './kind.ts'
import { callable, refuse } from './operand.ts'
import { type Maybe, named, type Test } from './test.ts'

/**
 * Holds for an array with at least one item for which the test holds.
 *
 * @example
 * ```ts
 * import { at, oneOf, some } from 'tidings/filters'
 *
 * const isSerious = some(at('name', oneOf('bug', 'crash')))
 * console.log(isSerious([{ name: 'ui' }, { name: 'bug' }])) // true
 * ```
 */
export function some<A>(test: Test<A>): Test<Maybe<readonly A[]>> {
  const holds = callable('some()', test)
  return named('some', [test], (value) => Array.isArray(value) && has(value, holds))
}

/**
 * Holds for an array if the test holds for each of its items. Like JavaScript's `every` it holds for `[]`; unlike a
 * negation it does not hold for values other than arrays.
 *
 * @example
 * ```ts
 * import { each, gt } from 'tidings/filters'
 *
 * console.log(each(gt(0))([1, 2]), each(gt(0))([])) // true true
 * ```
 */
export function each<A>(test: Test<A>): Test<Maybe<readonly A[]>> {
  const holds = callable('each()', test)
  return named('each', [test], (value) => Array.isArray(value) && !has(value, (item) => !holds(item)))
}

/**
 * The exact negation of `some`: it also holds for `[]` and for values that are not arrays.
 *
 * @example
 * ```ts
 * import { eq, none } from 'tidings/filters'
 *
 * console.log(none(eq('wontfix'))(['bug']), none(eq('wontfix'))(undefined)) // true true
 * ```
 */
export function none<A>(test: Test<A>): Test<Maybe<readonly A[]>> {
  const holds = callable('none()', test)
  return named('none', [test], (value) => !(Array.isArray(value) && has(value, holds)))
}

/**
 * Tests the size of a value: items of an array, characters (UTF-16 code units) of a string, keys of an object.
 *
 * @throws TypeError for a count that is negative, not whole or not a number
 *
 * @example
 * ```ts
 * import { between, size } from 'tidings/filters'
 *
 * console.log(size(2)(['a', 'b']), size(between(1, 3))('abcd')) // true false
 * ```
 */
export function size(test: Test<number> | number): Test<Maybe<string | object>> {
  if (typeof test === 'number') {
    if (!Number.isSafeInteger(test) || test < 0) refuse('size()', 'a whole number from 0 up, or a test', test)
    return named('size', [test], (value) => count(value) === test)
  }
  const holds = callable('size()', test, 'a whole number from 0 up, or a test')
  return named('size', [test], (value) => {
    const found = count(value)
    return found !== undefined && holds(found)
  })
}

/** JavaScript's `some` and `every` leave out the holes of a sparse array. To everything else they are undefined. */
function has<A>(items: readonly A[], holds: (item: A) => boolean): boolean {
  return items.findIndex((item) => holds(item)) !== -1
}
