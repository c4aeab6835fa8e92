import { type OperatorFunction, pipe } from 'rxjs'
import { brand, isBranded } from '../core/brand.ts'
import { defined } from '../core/defined.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { type AnyEventType, type EventOf, isEventType } from '../core/event-type.ts'
import type { Matching } from '../filter/matching.ts'
import { predicateOf } from '../filter/where.ts'
import { memoryOf } from './memory/memory-filter.ts'

/**
 * What a listener listens on: event types, and a pipe of operators that each event goes through alone. Reads like an
 * Observable that has no subscriber yet. `E` is the event, `V` the values that leave the pipe.
 */
export interface On<E, V = E> {
  /**
   * Adds rxjs operators and returns a new `On`. Each event goes through them alone, as `of(event)`: completing acks it,
   * an error fails the delivery, and an operator that emits nothing lets it pass.
   *
   * @throws TidingsError `TIDINGS_SOURCE_INVALID` for an operator that is not a function
   */
  pipe<A>(a: OperatorFunction<V, A>): On<E, A>
  pipe<A, B>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>): On<E, B>
  pipe<A, B, C>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>): On<E, C>
  pipe<A, B, C, D>(
    a: OperatorFunction<V, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
  ): On<E, D>
  // biome-ignore format: one overload a line, as the pipe grows
  pipe<A, B, C, D, F>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, f: OperatorFunction<D, F>): On<E, F>
  // biome-ignore format: as above
  pipe<A, B, C, D, F, G>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, f: OperatorFunction<D, F>, g: OperatorFunction<F, G>): On<E, G>
  // biome-ignore format: as above
  pipe<A, B, C, D, F, G, H>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, f: OperatorFunction<D, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>): On<E, H>
  // biome-ignore format: as above
  pipe<A, B, C, D, F, G, H, I>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, f: OperatorFunction<D, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>): On<E, I>
  // biome-ignore format: as above
  pipe<A, B, C, D, F, G, H, I, J>(a: OperatorFunction<V, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>, f: OperatorFunction<D, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>, i: OperatorFunction<H, I>, j: OperatorFunction<I, J>): On<E, J>
}

/** Any operator. The types of a pipe are checked where it is defined, and no longer matter here. */
export type AnyOperator = OperatorFunction<unknown, unknown>

/** What a listener listens on, as the engine reads it. */
export interface Source {
  /** The event types it hears: names, or patterns with `*`; absent: all. */
  readonly types?: readonly string[]
  /** The event types that were given as values. Their schemas check each event again when it is delivered. */
  readonly eventTypes: readonly AnyEventType[]
  /** A test that the event has to pass besides its type. */
  readonly match?: (event: StoredEvent) => boolean
  /** The operators of the pipe, in order. */
  readonly operators: readonly AnyOperator[]
}

/**
 * Listens on events of these types: event types, names, patterns such as `'github.*'` (`*` stands for any characters),
 * or one `matching(…)`. `.pipe(…)` adds operators, which see one event at a time.
 *
 * @throws TidingsError `TIDINGS_SOURCE_INVALID` for anything else
 *
 * @example
 * ```ts
 * import { map } from 'rxjs'
 * import { eventType, listener, on, where } from 'tidings'
 *
 * const opened = eventType('pr.opened').of<{ title: string; stars: number }>()
 * export const titles = listener(
 *   'titles',
 *   on(opened).pipe(where((event) => event.data.stars > 3), map((event) => event.data.title)),
 *   (title) => console.log(title),
 * )
 * ```
 */
export function on<const X extends readonly [AnyEventType | string, ...(AnyEventType | string)[]]>(
  ...types: X
): On<EventOf<X[number]>>
export function on(match: Matching): On<StoredEvent>
export function on(...given: readonly unknown[]): On<StoredEvent> {
  if (given.length === 0) throw refuse('nothing')
  const matches = given.filter(isMatching)
  if (matches.length > 1 || (matches.length === 1 && given.length > 1))
    throw refuse('matching(…) beside something else')
  if (matches[0] !== undefined) {
    const { types } = matches[0]
    return source({ ...defined({ types }), eventTypes: [], match: matches[0], operators: [] })
  }
  return source({ types: given.map(typeName), eventTypes: given.filter(isEventType), operators: [] })
}

function source(parts: Source): On<StoredEvent> {
  const more = (...operators: AnyOperator[]) => {
    for (const operator of operators) {
      if (typeof operator !== 'function') throw refuse(`${describe(operator)} as an operator in its pipe`)
    }
    const all = [...parts.operators, ...operators]
    const early = all.slice(0, -1).find((operator) => memoryOf(operator)?.kind === 'digest')
    if (early !== undefined) {
      const words = `${String(early)} must be the last operator of the pipe: its handler gets an array of events`
      throw new TidingsError('TIDINGS_SOURCE_INVALID', words)
    }
    return source({ ...parts, operators: all })
  }
  return brand('source', { ...parts, pipe: more as On<StoredEvent>['pipe'] })
}

/** The parts of what `on(…)` returned; undefined for any other value. */
export function sourceOf(value: unknown): Source | undefined {
  return isBranded('source', value) ? (value as Source) : undefined
}

/** The pipe of a source, ready to run on one event. */
export interface Pipe {
  /** The tests that the event has to pass first: a matching, and the filters at the start of the pipe. */
  readonly tests: readonly ((value: unknown) => boolean)[]
  /** All operators after those, as one; absent if the pipe has only tests. */
  readonly rest?: AnyOperator
}

/**
 * The pipe of a source. Filters at its start are called directly: a stream of one value costs ten times as much.
 */
export function pipeOf({ match, operators }: Source): Pipe {
  const tests = match === undefined ? [] : [match as (value: unknown) => boolean]
  let first = 0
  for (; first < operators.length; first++) {
    const test = predicateOf(operators[first] as AnyOperator)
    if (test === undefined) break
    tests.push(test)
  }
  if (first === operators.length) return { tests }
  // rxjs has overloads for up to nine operators; any number is folded the same way.
  return { tests, rest: (pipe as (...all: readonly AnyOperator[]) => AnyOperator)(...operators.slice(first)) }
}

function isMatching(value: unknown): value is Matching {
  return typeof value === 'function' && !isEventType(value) && 'criteria' in value
}

function typeName(given: unknown): string {
  if (isEventType(given)) return given.type as string
  if (typeof given === 'string' && given !== '') return given
  throw refuse(describe(given))
}

function refuse(got: string): TidingsError {
  return new TidingsError(
    'TIDINGS_SOURCE_INVALID',
    `on() needs event types, names of them, or one matching(…), got ${got}`,
  )
}
