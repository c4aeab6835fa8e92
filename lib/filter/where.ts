import { filter, type OperatorFunction } from 'rxjs'
import { callable } from './operand.ts'
import { type At, type Path, read, steps } from './path.ts'
import { named, type Test } from './test.ts'

/**
 * Passes the values for which a test holds: a function, a type guard (which narrows the type of the stream), or a path
 * into the value and a test of the value there. The compiler checks paths and operands.
 *
 * ```
 * in:   --1--2--3--4--|
 *       where(gt(2))
 * out:  --------3--4--|
 * ```
 *
 * Costs what rxjs `filter` costs: a path is split once, when defined. A test that throws is an error of the stream.
 *
 * @throws TypeError for an invalid path, or a test that is not a function
 *
 * @example
 * ```ts
 * import { of } from 'rxjs'
 * import { where } from 'tidings'
 * import { gt } from 'tidings/filters'
 *
 * of({ stars: 1 }, { stars: 5 }).pipe(where('stars', gt(3))).subscribe(console.log) // { stars: 5 }
 * ```
 */
export function where<V, B extends V>(guard: (value: V) => value is B): OperatorFunction<V, B>
// Two type parameters, so that a test of something wider (a matching(), a Maybe<number>) does not widen the stream
export function where<V extends A, A = V>(test: (value: A) => boolean): OperatorFunction<V, V>
export function where<V, P extends Path<V>>(path: P, test: Test<At<NoInfer<V>, P>>): OperatorFunction<V, V>
export function where(...operands: readonly unknown[]): OperatorFunction<unknown, unknown> {
  if (operands.length < 2) return passing(callable('where()', operands[0], 'a test, or a path and a test'))
  const keys = steps('where()', operands[0])
  const test = callable('where()', operands[1])
  return passing(named('at', [operands[0], test], (value) => test(read(value, keys))))
}

type Predicate = (value: unknown) => boolean

// Registered, so that a command finds the filters of an agent that uses another copy of the package.
const PREDICATE = Symbol.for('tidings/where')

function passing(predicate: Predicate): OperatorFunction<unknown, unknown> {
  return Object.defineProperty(filter(predicate), PREDICATE, { value: predicate })
}

/**
 * The predicate of an operator made by `where`; undefined for any other operator. With one value at a time, calling it
 * is cheaper than subscribing to a stream.
 */
export function predicateOf(operator: object): Predicate | undefined {
  return (operator as { readonly [PREDICATE]?: Predicate })[PREDICATE]
}
