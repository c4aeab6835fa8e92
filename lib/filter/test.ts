import { code, plain } from './print.ts'

/**
 * A predicate on a value of type A. Any function that returns a boolean is one; those of `tidings/filters` also carry a
 * name and operands, print as the code that made them, and serialise to JSON.
 *
 * All of them promise: a value that is missing or of another kind does not match, and nothing throws. Only the negations
 * (`not`, `ne`, `none`) turn that false into true.
 *
 * @example
 * ```ts
 * import { all, eq, gt, not } from 'tidings/filters'
 *
 * const wanted = all(gt(3), not(eq(5)))
 * console.log(wanted(4)) // true
 * console.log(String(wanted)) // all(gt(3), not(eq(5)))
 * console.log(JSON.stringify(wanted)) // {"all":[{"gt":[3]},{"not":[{"eq":[5]}]}]}
 * ```
 */
export interface Test<in A> {
  (value: A): boolean
  /** The arguments that made the test, in order. Absent for constants (`exists`, `isEmpty`) and your own functions. */
  readonly operands?: readonly unknown[]
  /** `{ name: operands }`, or only the name where there are no operands. */
  toJSON?(): unknown
}

/** A value that may be absent: optional and nullable fields can be tested without a guard before them. */
export type Maybe<T> = T | null | undefined

/** What a literal can be compared with: `eq(3)` tests numbers, not only threes; `eq(null)` tests anything. */
// biome-ignore format: one case a line
export type Wide<T> =
  [T] extends [null] ? unknown
  : T extends string ? string
  : T extends number ? number
  : T extends boolean ? boolean
  : T

/** Registered, so that two copies of this package recognize each other's tests. */
const TEST = Symbol.for('tidings.test')

/**
 * Makes a test of a predicate. Without operands it is a constant, such as `exists`, and prints without `()`.
 *
 * @param shown the operands in JSON, where they differ from the operands as such
 */
export function named(
  name: string,
  operands: readonly unknown[] | undefined,
  holds: (value: unknown) => boolean,
  shown = operands,
): Test<unknown> {
  return Object.defineProperties(holds, {
    [TEST]: { value: true },
    name: { value: name },
    operands: { value: operands && Object.freeze([...operands]) },
    toJSON: { value: () => (shown ? { [name]: shown.map(plain) } : name) },
    toString: { value: () => (operands ? `${name}(${operands.map(code).join(', ')})` : name) },
  })
}

/**
 * Whether a function is a test made by `tidings/filters`, so that its name and operands say what it holds for. A function
 * of your own may have any name.
 */
export function isTest(value: unknown): value is Test<unknown> {
  return typeof value === 'function' && Object.hasOwn(value, TEST)
}
