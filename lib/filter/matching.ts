import { type Condition, type Criterion, condition } from './criterion.ts'
import { kindOf } from './kind.ts'
import { refuse, type Scalar } from './operand.ts'
import { read, steps } from './path.ts'
import { named, type Test } from './test.ts'

/** What an event must be, field by field. `event_type` is a synonym of `type`; `data.…` leads into the event's data. */
export interface Criteria {
  readonly type?: Criterion<string>
  readonly event_type?: Criterion<string>
  readonly identifier?: Criterion<string>
  readonly version?: Criterion<string>
  readonly job?: Criterion<string>
  readonly seq?: Criterion<number>
  readonly created?: Criterion<number | Date>
  readonly cause?: Criterion<number>
  readonly revision?: Criterion<number>
  readonly data?: Criterion<Scalar>
  readonly [path: `data.${string}`]: Criterion<Scalar>
}

/** A test of events that can be looked into, so that a listener or a query need read only the types it asks for. */
export interface Matching extends Test<unknown> {
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
  const test = named('matching', [own], (event) => fields.every(({ path, holds }) => holds(read(event, path))))
  const types = type[0]?.only as readonly string[] | undefined
  return Object.assign(test, types ? { criteria: own, types } : { criteria: own })
}

// The kinds of operand that an event's own fields can match. A misspelt field, or an identifier given as a number,
// would make a listener that stays silent for ever
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
