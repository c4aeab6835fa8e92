import { type Condition, type Criterion, condition } from './criterion.ts'
import { kindOf } from './kind.ts'
import { refuse, type Scalar } from './operand.ts'
import { read, steps } from './path.ts'
import { named, type Test } from './test.ts'

/** What each field of an event must be. All of them must hold. */
export interface Criteria {
  /** The event type. */
  readonly type?: Criterion<string>
  /** The event type, under the name that the Python agent used. Not together with `type`. */
  readonly event_type?: Criterion<string>
  /** The identifier of the happening. */
  readonly identifier?: Criterion<string>
  /** The version of a versioned type. */
  readonly version?: Criterion<string>
  /** The name of the job that published it. */
  readonly job?: Criterion<string>
  /** The place in the log. */
  readonly seq?: Criterion<number>
  /** When it was accepted, in ms since the epoch or as a Date. */
  readonly created?: Criterion<number | Date>
  /** The seq of the event whose listener published it. */
  readonly cause?: Criterion<number>
  /** 1, 2, 3 … for versioned types. */
  readonly revision?: Criterion<number>
  /** The data itself, where that is a single value. */
  readonly data?: Criterion<Scalar>
  /** A value inside the data, by its path. */
  readonly [path: `data.${string}`]: Criterion<Scalar>
}

/** A test of events whose criteria can be inspected, so that a listener or a query reads only the types it needs. */
export interface Matching extends Test<unknown> {
  /** The criteria, as a frozen copy. */
  readonly criteria: Criteria
  /** The only types that can match; absent where the criteria list none by `==` or `in`. */
  readonly types?: readonly string[]
}

/**
 * A test of events, written as data. All fields must hold, so `matching({})` holds always. Operators are `==`, `!=`,
 * `<`, `>` and `in`, strict as `eq` and `lt` are; `!=` also holds where the field is missing. A Date stands for its
 * instant and is compared with whatever `before` reads as one: `created`, which is in ms, or ISO strings in the data.
 *
 * @throws TypeError that names the field, for an unknown field or operator and for an operand of the wrong kind
 *
 * @example
 * ```ts
 * import { listener, matching, on } from 'tidings'
 *
 * const wanted = matching({ event_type: ['in', ['issue', 'pr']], created: ['>', new Date('2027-01-01')] })
 * export const titles = listener('titles', on(wanted), (event) => console.log(event.type, event.data))
 * ```
 */
export function matching(criteria: Criteria): Matching {
  if (kindOf(criteria) !== 'object') refuse('matching()', "criteria such as { type: ['==', 'x'] }", criteria)
  const fields = Object.entries(criteria).map(([field, criterion]) => checked(field, criterion))
  const type = fields.filter(({ path }) => path[0] === 'type')
  if (type.length > 1) throw new TypeError('matching() expects type or event_type, which are one field, and got both')

  const own: Criteria = Object.freeze(Object.fromEntries(fields.map(({ field, criterion }) => [field, criterion])))
  const holds = (event: unknown): boolean => fields.every(({ path, holds }) => holds(read(event, path)))
  const test = named('matching', [own], holds, [{ ...own, ...(own.created && { created: shown(own.created) }) }])
  const types = type[0]?.only as readonly string[] | undefined
  return Object.assign(test, types ? { criteria: own, types } : { criteria: own })
}

/** In JSON, `created` is compared with ISO strings: it has no other strings, so they need no tag. */
function shown([operator, operand]: NonNullable<Criteria['created']>): readonly unknown[] {
  const text = (one: unknown): unknown => (one instanceof Date ? one.toISOString() : one)
  return [operator, Array.isArray(operand) ? operand.map(text) : text(operand)]
}

// The kinds of operand that an event's own fields can match. A misspelt field, or an identifier given as a number,
// would leave a listener silent for ever
const KINDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['type', ['string']],
  ['event_type', ['string']],
  ['identifier', ['string']],
  ['version', ['string']],
  ['job', ['string']],
  ['seq', ['number']],
  ['created', ['number', 'Date']],
  ['cause', ['number']],
  ['revision', ['number']],
])

function checked(field: string, criterion: unknown): Condition & { field: string; path: readonly string[] } {
  const path = field === 'event_type' ? ['type'] : steps('matching()', field)
  const kinds = KINDS.get(field)
  if (!kinds && path[0] !== 'data')
    refuse('matching()', `fields of an event (${[...KINDS.keys()].join(', ')}, data or data.…)`, field)
  return { ...condition(`matching(): ${field}`, criterion, kinds), field, path }
}
