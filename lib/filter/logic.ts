import { callable } from './operand.ts'
import { named, type Test } from './test.ts'

/**
 * Holds if every test holds. Calls them in order and stops at the first that does not hold. `all()` always holds.
 *
 * @example
 * ```ts
 * import { all, eq, gt, not } from 'tidings/filters'
 *
 * console.log([3, 4, 5, 6].filter(all(gt(3), not(eq(5))))) // [ 4, 6 ]
 * ```
 */
export function all<A>(...tests: readonly Test<A>[]): Test<A> {
  const parts = tests.map((test) => callable('all()', test))
  return named('all', tests, (value) => parts.every((holds) => holds(value)))
}

/**
 * Holds if one of the tests holds. Calls them in order and stops at the first that holds. `any()` never holds.
 *
 * @example
 * ```ts
 * import { any, gt, lt } from 'tidings/filters'
 *
 * console.log([1, 5, 9].filter(any(lt(3), gt(7)))) // [ 1, 9 ]
 * ```
 */
export function any<A>(...tests: readonly Test<A>[]): Test<A> {
  const parts = tests.map((test) => callable('any()', test))
  return named('any', tests, (value) => parts.some((holds) => holds(value)))
}

/**
 * Holds exactly where the test does not, also where that is false because the value is missing.
 *
 * @example
 * ```ts
 * import { exists, not } from 'tidings/filters'
 *
 * console.log([0, null, undefined].filter(not(exists))) // [ null, undefined ]
 * ```
 */
export function not<A>(test: Test<A>): Test<A> {
  const holds = callable('not()', test)
  return named('not', [test], (value) => !holds(value))
}
