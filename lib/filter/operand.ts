import { describe } from './print.ts'
import type { Test } from './test.ts'

/** What `eq` and `oneOf` compare with: a single JSON value, or a Date. */
export type Scalar = string | number | boolean | null | Date

/** What `lt`, `gt` and `between` order by. */
export type Ordered = number | string | Date

// Errors of definition are plain TypeErrors: a test that can never hold should fail at once, not leave a
// listener silent for ever.
/** Throws a TypeError that shows the expected and the given value. */
export function refuse(who: string, expected: string, value: unknown): never {
  throw new TypeError(`${who} expects ${expected}, and got ${describe(value)}`)
}

/** The operand, if it is a scalar. A Date is copied, so that changing it later does not change the test. */
export function scalar(who: string, operand: unknown): Scalar {
  if (operand === null || typeof operand === 'boolean' || isOrdered(operand)) return own(operand)
  return refuse(who, 'a string, number (not NaN), boolean, null or valid Date', operand)
}

/** The operand, if it has an order. A Date is copied. */
export function ordered(who: string, operand: unknown): Ordered {
  return isOrdered(operand) ? own(operand) : refuse(who, 'a number (not NaN), string or valid Date', operand)
}

/** The operand, if it is a string. */
export function text(who: string, operand: unknown): string {
  return typeof operand === 'string' ? operand : refuse(who, 'a string', operand)
}

/** The operand, if it is a function. */
export function callable(who: string, operand: unknown, expected = 'a test'): Test<unknown> {
  return typeof operand === 'function' ? (operand as Test<unknown>) : refuse(who, expected, operand)
}

const isOrdered = (operand: unknown): operand is Ordered =>
  typeof operand === 'string' || ((typeof operand === 'number' || operand instanceof Date) && !Number.isNaN(+operand))

const own = <T>(operand: T): T | Date => (operand instanceof Date ? new Date(operand) : operand)
