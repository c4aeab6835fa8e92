import type { Criteria } from '../filter/matching.ts'
import { isTest, type Test } from '../filter/test.ts'
import { instant } from '../filter/time.ts'
import { commonTypes, typePrefix } from './type-names.ts'

/**
 * Where in a log the events can be for which a test holds. Each bound may be too wide, and is never too narrow: a log
 * reads what is within the bounds, and applies the whole test to it.
 */
export interface QueryPlan {
  /** Names of types, or patterns with `*`; absent: any type. */
  readonly types?: readonly string[]
  /** Identifiers; absent: any. */
  readonly identifiers?: readonly string[]
  /** Bounds of `created`, inclusive. */
  readonly created: Interval
  /** Bounds of `seq`, inclusive. */
  readonly seq: Interval
}

/** From `low` to `high`, both included; nothing where `low` is above `high`. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const ANY: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
const NONE: Interval = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }

/** The plan of a test that may hold for any event. */
const EVERYWHERE: QueryPlan = { created: ANY, seq: ANY }
const NOWHERE: QueryPlan = { types: [], identifiers: [], created: NONE, seq: NONE }

/**
 * Reads from a test of events which types, identifiers, times and seqs it can hold for. Understands what
 * `tidings/filters`, `matching` and `where` expressions make of `at`, `all` and `any`; for anything else, such as a
 * function of your own or a negation, it may hold everywhere.
 *
 * ```
 *   all(at('type', oneOf('a', 'b')), at('created', after(T)), at('data.stars', gt(3)))
 *      types: a, b     created: from T     (data.stars bounds nothing: applied to what is read)
 * ```
 */
export function planOf(test: unknown): QueryPlan {
  if (!isTest(test)) return EVERYWHERE
  const operands = test.operands ?? []
  switch (test.name) {
    case 'all':
      return operands.map(planOf).reduce(both, EVERYWHERE)
    case 'any':
      return operands.map(planOf).reduce(either, NOWHERE)
    case 'at':
      return planOfField(String(operands[0]), operands[1])
    case 'matching':
      return planOfCriteria(operands[0] as Criteria)
    default:
      return EVERYWHERE
  }
}

/** What holds where both plans hold. */
function both(a: QueryPlan, b: QueryPlan): QueryPlan {
  return {
    ...texts('types', commonTypes(a.types, b.types)),
    ...texts('identifiers', common(a.identifiers, b.identifiers)),
    created: overlap(a.created, b.created),
    seq: overlap(a.seq, b.seq),
  }
}

/** What holds where one of the plans holds. */
function either(a: QueryPlan, b: QueryPlan): QueryPlan {
  return {
    ...texts('types', joined(a.types, b.types)),
    ...texts('identifiers', joined(a.identifiers, b.identifiers)),
    created: hull(a.created, b.created),
    seq: hull(a.seq, b.seq),
  }
}

type Texts = readonly string[] | undefined

function texts<const K extends string>(name: K, found: Texts): { readonly [_ in K]?: readonly string[] } {
  return (found === undefined ? {} : { [name]: found }) as { readonly [_ in K]?: readonly string[] }
}

function common(a: Texts, b: Texts): Texts {
  return a === undefined || b === undefined ? (a ?? b) : a.filter((each) => b.includes(each))
}

function joined(a: Texts, b: Texts): Texts {
  return a === undefined || b === undefined ? undefined : [...new Set([...a, ...b])]
}

const overlap = (a: Interval, b: Interval): Interval => ({
  low: Math.max(a.low, b.low),
  high: Math.min(a.high, b.high),
})

const hull = (a: Interval, b: Interval): Interval => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) })

function planOfField(path: string, test: unknown): QueryPlan {
  switch (path) {
    case 'type':
      return { ...EVERYWHERE, ...texts('types', textsOf(test, commonTypes, typePatterns)) }
    case 'identifier':
      return { ...EVERYWHERE, ...texts('identifiers', textsOf(test, common)) }
    case 'created':
      return { ...EVERYWHERE, created: intervalOf(test) }
    case 'seq':
      return { ...EVERYWHERE, seq: intervalOf(test) }
    default:
      return EVERYWHERE
  }
}

/** The texts that a test of a text can hold for; undefined: any. `meet` finds those of two lists. */
function textsOf(test: unknown, meet: typeof common, other: (test: Test<unknown>) => Texts = () => undefined): Texts {
  if (!isTest(test)) return undefined
  const operands = test.operands ?? []
  const within = (part: unknown): Texts => textsOf(part, meet, other)
  if (test.name === 'all') return operands.map(within).reduce(meet, undefined)
  if (test.name === 'any') return operands.map(within).reduce(joined, [])
  // With an option, case is ignored.
  if (test.name === 'eq' && operands.length === 1) return onlyTexts(operands)
  return test.name === 'oneOf' ? onlyTexts(operands) : other(test)
}

const onlyTexts = (operands: readonly unknown[]): readonly string[] => operands.filter((one) => typeof one === 'string')

function typePatterns({ name, operands = [] }: Test<unknown>): Texts {
  const [text] = operands
  if (operands.length !== 1 || typeof text !== 'string') return undefined
  if (name === 'glob') return text.includes('?') ? typePrefix(text) : [text]
  return name === 'startsWith' ? typePrefix(`${text}*`) : undefined
}

/** The numbers that a test can hold for. Bounds are inclusive, also where the test's are not. */
function intervalOf(test: unknown): Interval {
  if (!isTest(test)) return ANY
  const operands = test.operands ?? []
  const [first, second] = operands
  switch (test.name) {
    case 'all':
      return operands.map(intervalOf).reduce(overlap, ANY)
    case 'any':
      return operands.map(intervalOf).reduce(hull, NONE)
    case 'eq':
    case 'oneOf':
      // Numbers only equal numbers. The options of `eq` are left out too.
      return operands
        .filter((one) => typeof one === 'number')
        .map(only)
        .reduce(hull, NONE)
    case 'between':
      return typeof first === 'number' ? { low: first, high: second as number } : NONE
    case 'gt':
    case 'gte':
      return typeof first === 'number' ? { ...ANY, low: first } : NONE
    case 'lt':
    case 'lte':
      return typeof first === 'number' ? { ...ANY, high: first } : NONE
    case 'after':
      return { ...ANY, low: instant(first) }
    case 'before':
      return { ...ANY, high: instant(first) }
    default:
      return ANY
  }
}

const only = (number: number): Interval => ({ low: number, high: number })

function planOfCriteria(criteria: Criteria): QueryPlan {
  const types = listed(criteria.type ?? criteria.event_type)
  const identifiers = listed(criteria.identifier)
  return {
    ...texts('types', types as Texts),
    ...texts('identifiers', identifiers as Texts),
    created: rangeOf(criteria.created),
    seq: rangeOf(criteria.seq),
  }
}

type Criterion = Criteria[keyof Criteria]

function listed(criterion: Criterion): readonly unknown[] | undefined {
  const [operator, operand] = criterion ?? []
  if (operator === '==') return [operand]
  return operator === 'in' ? operand : undefined
}

function rangeOf(criterion: Criterion): Interval {
  const values = listed(criterion)
  if (values !== undefined) return values.map((one) => only(instantOrNumber(one))).reduce(hull, NONE)
  const [operator, operand] = criterion ?? []
  if (operator === '>') return { ...ANY, low: instantOrNumber(operand) }
  return operator === '<' ? { ...ANY, high: instantOrNumber(operand) } : ANY
}

const instantOrNumber = (value: unknown): number => (value instanceof Date ? value.getTime() : (value as number))
