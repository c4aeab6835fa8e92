import { condition } from './criterion.ts'
import { anyText, fold, type PossibleText } from './possible-text.ts'
import {
  anyJson,
  anything,
  isNothing,
  joinValues,
  meetValues,
  membersWith,
  nothing,
  type PossibleValues,
  textWith,
} from './possible-values.ts'
import { anyNumber, anySize, finite, hasWhole, meet, only, type Range } from './range.ts'
import type { Test } from './test.ts'
import { instant } from './time.ts'

/*
 * Decides whether tests can hold at all. `possible(test, holds, world)` computes a set of values that contains every
 * value of the world for which the test gives `holds`, and perhaps more. So:
 *
 *   the set is empty      →  no value satisfies the test: certain
 *   the set is not empty  →  nothing follows
 *
 * Negations are pushed inward (`holds` turns), so that a set is never complemented: the complement of a set that is too
 * large would be too small. A test that is unknown, such as a function of a user, may hold for any value, and may not.
 */

/** What the values are: those of JSON, as in an event, or any, as after a `map`. */
export type World = 'json' | 'any'

/** Whether some value may pass all of these tests. False is certain; true is not. */
export function mayHold(tests: readonly unknown[], world: World): boolean {
  const all = world === 'json' ? anyJson : anything
  return !isNothing(tests.reduce<PossibleValues>((rest, test) => meetValues(rest, possible(test, true, all)), all))
}

type Rule = (operands: readonly unknown[], holds: boolean, world: PossibleValues, test: Known) => PossibleValues

interface Known extends Test<unknown> {
  readonly name: string
  readonly operands?: readonly unknown[]
}

function possible(test: unknown, holds: boolean, world: PossibleValues): PossibleValues {
  const known = typeof test === 'function' && Object.hasOwn(test, 'toJSON') ? (test as unknown as Known) : undefined
  const rule = known && rules.get(known.name)
  if (known === undefined || rule === undefined) return world
  return meetValues(world, rule(known.operands ?? [], holds, world, known))
}

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['exists', (_, holds) => (holds ? without('undefined', 'null') : { ...nothing, undefined: true, null: true })],
  ['isEmpty', (_, holds) => sized(holds ? [only(0)] : [{ ...anySize, low: 1 }], holds)],
  ['isType', ([kind], holds) => ofKind(String(kind), holds)],
  ['eq', ([operand, options], holds, _, test) => equal(operand, folds(options), holds, test)],
  ['ne', ([operand, options], holds, _, test) => equal(operand, folds(options), !holds, test)],
  ['oneOf', (operands, holds, _, test) => anyOfThese(operands, holds, test)],
  ['lt', ([bound], holds, _, test) => ordered(bound, { ...anyNumber, high: Number(bound), below: true }, holds, test)],
  ['lte', ([bound], holds, _, test) => ordered(bound, { ...anyNumber, high: Number(bound) }, holds, test)],
  ['gt', ([bound], holds, _, test) => ordered(bound, { ...anyNumber, low: Number(bound), above: true }, holds, test)],
  ['gte', ([bound], holds, _, test) => ordered(bound, { ...anyNumber, low: Number(bound) }, holds, test)],
  ['between', between],
  ['contains', contained],
  ['startsWith', (operands, holds, _, test) => texts(operands, holds, test, { yes: 'prefix', no: 'noPrefixes' })],
  ['endsWith', (operands, holds, _, test) => texts(operands, holds, test, { yes: 'suffix', no: 'noSuffixes' })],
  ['glob', (_, holds, __, test) => ofText(holds, test, {}, false)],
  ['matches', (_, holds, __, test) => ofText(holds, test, {}, false)],
  ['before', ([bound], holds, _, test) => moments({ ...anyNumber, high: instant(bound), below: true }, holds, test)],
  ['after', ([bound], holds, _, test) => moments({ ...anyNumber, low: instant(bound), above: true }, holds, test)],
  ['some', ([test], holds, world) => someItem(possible(test, holds, world), holds)],
  ['none', ([test], holds, world) => someItem(possible(test, !holds, world), !holds)],
  ['each', ([test], holds, world) => eachItem(possible(test, holds, world), holds)],
  ['size', ([test], holds, world) => bySize(test, holds, world)],
  ['at', ([path, test], holds, world) => inside(String(path).split('.'), possible(test, holds, world), world)],
  ['all', (tests, holds, world) => (holds ? meetAll(tests, true, world) : joinAll(tests, false, world))],
  ['any', (tests, holds, world) => (holds ? joinAll(tests, true, world) : meetAll(tests, false, world))],
  ['not', ([test], holds, world) => possible(test, !holds, world)],
  ['matching', ([criteria], holds, world) => matching(criteria as object, holds, world)],
])

function meetAll(tests: readonly unknown[], holds: boolean, world: PossibleValues): PossibleValues {
  return tests.reduce<PossibleValues>((rest, test) => meetValues(rest, possible(test, holds, world)), world)
}

function joinAll(tests: readonly unknown[], holds: boolean, world: PossibleValues): PossibleValues {
  return tests.reduce<PossibleValues>((all, test) => joinValues(all, possible(test, holds, world)), nothing)
}

function without(...kinds: readonly (keyof PossibleValues)[]): PossibleValues {
  return { ...anything, ...Object.fromEntries(kinds.map((kind) => [kind, nothing[kind]])) }
}

/** Only these kinds of value if the test holds, else those and all other kinds. */
function otherwise(holds: boolean, kinds: Partial<PossibleValues>): PossibleValues {
  return { ...(holds ? nothing : anything), ...kinds }
}

function ofKind(kind: string, holds: boolean): PossibleValues {
  if (kind === 'number') {
    const infinite = [only(Number.NEGATIVE_INFINITY), only(Number.POSITIVE_INFINITY)]
    return otherwise(holds, { numbers: holds ? [finite] : infinite })
  }
  const member = KINDS.get(kind)
  if (member === undefined) return anything
  return otherwise(holds, { [member]: holds ? anything[member] : nothing[member] })
}

const KINDS: ReadonlyMap<string, keyof PossibleValues> = new Map([
  ['string', 'strings'],
  ['boolean', 'booleans'],
  ['null', 'null'],
  ['array', 'arrays'],
  ['object', 'objects'],
])

function folds(options: unknown): boolean {
  return (options as { readonly ignoreCase?: boolean } | undefined)?.ignoreCase === true
}

function equal(operand: unknown, ignoreCase: boolean, holds: boolean, test: Known): PossibleValues {
  if (operand === null) return otherwise(holds, { null: holds })
  if (typeof operand === 'boolean') return otherwise(holds, { booleans: [holds ? operand : !operand] })
  const numbers = (number: number): readonly Range[] => [holds ? only(number) : { ...anyNumber, without: [number] }]
  if (typeof operand === 'number') return otherwise(holds, { numbers: numbers(operand) })
  if (operand instanceof Date) return otherwise(holds, { dates: numbers(operand.getTime()) })
  if (typeof operand !== 'string') return anything
  const known = ignoreCase ? { folded: fold(operand) } : { exact: operand }
  // As a literal, `ne` is the opposite of what it is asked for here.
  const isEqual = test.name === 'eq' ? test : (value: unknown) => !test(value)
  const text = { code: `eq(${JSON.stringify(operand)}, ${ignoreCase})`, test: isEqual, folds: ignoreCase, holds }
  return otherwise(holds, { strings: textWith({ ...(holds ? known : {}), literals: [text] }) })
}

function anyOfThese(operands: readonly unknown[], holds: boolean, test: Known): PossibleValues {
  if (holds) {
    const one = (operand: unknown): PossibleValues => equal(operand, false, true, sameAs(operand))
    return operands.reduce<PossibleValues>((all, operand) => joinValues(all, one(operand)), nothing)
  }
  const scalars = <T>(is: (operand: unknown) => operand is T): readonly T[] => operands.filter(is)
  const numbers = scalars((one): one is number => typeof one === 'number')
  const dates = scalars((one): one is Date => one instanceof Date).map(Number)
  return {
    ...anything,
    null: !operands.includes(null),
    booleans: [true, false].filter((one) => !operands.includes(one)),
    numbers: [{ ...anyNumber, without: numbers }],
    dates: [{ ...anyNumber, without: dates }],
    strings: [{ ...anyText, literals: [literal(test, false, false)] }],
  }
}

function sameAs(operand: unknown): Known {
  return made('eq', `oneOf(${JSON.stringify(operand)})`, (value) => value === operand)
}

/** A test of this name that prints as `code`, by which its contradiction is found. */
function made(name: string, code: string, holds: (value: unknown) => boolean): Known {
  const test = (value: unknown): boolean => holds(value)
  return Object.defineProperties(test, { name: { value: name }, toString: { value: () => code } })
}

function ordered(bound: unknown, range: Range, holds: boolean, test: Known): PossibleValues {
  if (typeof bound === 'string') {
    const open = range.above || range.below
    const end = { text: bound, open: holds ? open : !open }
    const isUpper = (test.name === 'lt' || test.name === 'lte') === holds
    return otherwise(holds, {
      strings: textWith({ ...(isUpper ? { high: end } : { low: end }), literals: [literal(test, holds, false)] }),
    })
  }
  const numbers = holds ? [range] : outside(range)
  return otherwise(holds, typeof bound === 'number' ? { numbers } : { dates: numbers })
}

function outside({ low, high, above, below }: Range): readonly Range[] {
  return [
    ...(low === Number.NEGATIVE_INFINITY && !above ? [] : [{ ...anyNumber, high: low, below: !above }]),
    ...(high === Number.POSITIVE_INFINITY && !below ? [] : [{ ...anyNumber, low: high, above: !below }]),
  ]
}

function between([low, high]: readonly unknown[], holds: boolean, _: unknown, test: Known): PossibleValues {
  if (typeof low === 'string') {
    const ends = { low: { text: low, open: false }, high: { text: String(high), open: false } }
    return ofText(holds, test, holds ? ends : {}, false)
  }
  const range = { ...anyNumber, low: Number(low), high: Number(high) }
  const ranges = holds ? [range] : outside(range)
  return otherwise(holds, typeof low === 'number' ? { numbers: ranges } : { dates: ranges })
}

/** Texts that this test accepts or rejects, with what that says of them; other kinds are rejected. */
function ofText(holds: boolean, test: Known, known: Partial<PossibleText>, folds: boolean): PossibleValues {
  return otherwise(holds, { strings: textWith({ ...known, literals: [literal(test, holds, folds)] }) })
}

function literal(test: Known, holds: boolean, folds: boolean): PossibleText['literals'][number] {
  return { code: String(test), holds, test, folds }
}

function texts(
  [part, options]: readonly unknown[],
  holds: boolean,
  test: Known,
  names: { readonly yes: 'prefix' | 'suffix'; readonly no: 'noPrefixes' | 'noSuffixes' },
): PossibleValues {
  if (folds(options)) return ofText(holds, test, {}, true)
  return ofText(holds, test, holds ? { [names.yes]: String(part) } : { [names.no]: [String(part)] }, false)
}

function contained([part, options]: readonly unknown[], holds: boolean, _: unknown, test: Known): PossibleValues {
  const ignoreCase = folds(options)
  const known = ignoreCase ? {} : holds ? { parts: [String(part)] } : { noParts: [String(part)] }
  const isPart = made('eq', '', (value) => typeof value === 'string' && test([value]))
  const item = equal(part, ignoreCase, holds, isPart)
  const arrays = holds ? membersWith({ some: [item] }) : membersWith({ each: item })
  return { ...ofText(holds, test, known, ignoreCase), arrays }
}

// A number that `before` accepts is truncated to whole ms first, which never moves it across a whole bound from outside.
function moments(range: Range, holds: boolean, test: Known): PossibleValues {
  if (!holds) return { ...anything, strings: textWith({ literals: [literal(test, false, false)] }) }
  const strings = textWith({ moment: range, literals: [literal(test, true, false)] })
  return { ...nothing, numbers: [range], dates: [range], strings }
}

function someItem(item: PossibleValues, holds: boolean): PossibleValues {
  return otherwise(holds, { arrays: holds ? membersWith({ some: [item] }) : membersWith({ each: item }) })
}

function eachItem(item: PossibleValues, holds: boolean): PossibleValues {
  return otherwise(holds, { arrays: holds ? membersWith({ each: item }) : membersWith({ some: [item] }) })
}

function bySize(test: unknown, holds: boolean, world: PossibleValues): PossibleValues {
  const ranges =
    typeof test === 'number'
      ? holds
        ? [only(test)]
        : [{ ...anySize, without: [test] }]
      : possible(test, holds, world).numbers
  return sized(ranges, holds)
}

/** Values of these sizes; those that have no size are rejected. */
function sized(ranges: readonly Range[], holds: boolean): PossibleValues {
  const sizes = ranges.flatMap((range) => meet(range, anySize) ?? []).filter(hasWhole)
  const members = sizes.flatMap((size) => membersWith({ size }))
  return otherwise(holds, { strings: sizes.flatMap((size) => textWith({ size })), arrays: members, objects: members })
}

/** Values that have one of `values` at a path. A path into a value without members leads to undefined. */
function inside(path: readonly string[], values: PossibleValues, world: PossibleValues): PossibleValues {
  const [key = '', ...rest] = path
  const field = rest.length === 0 ? values : meetValues(world, inside(rest, values, world))
  if (isNothing(field)) return nothing
  const members = membersWith({ fields: new Map([[key, field]]) })
  // Dates and class instances may have members of their own.
  const { dates, others } = anything
  return otherwise(!field.undefined, { arrays: members, objects: members, dates, others })
}

function matching(criteria: object, holds: boolean, world: PossibleValues): PossibleValues {
  const fields = Object.entries(criteria).map(([field, criterion]) => {
    const path = field === 'event_type' ? ['type'] : field.split('.')
    return inside(path, meetValues(world, criterionValues(criterion as readonly unknown[], holds, world)), world)
  })
  return fields.reduce(holds ? meetValues : joinValues, holds ? world : nothing)
}

// Beside a Date, a criterion compares whatever reads as an instant: only the filters do otherwise.
function criterionValues(criterion: readonly unknown[], holds: boolean, world: PossibleValues): PossibleValues {
  const [operator, operand] = criterion as readonly [string, unknown]
  const operands = operator === 'in' ? (operand as readonly unknown[]) : [operand]
  if (operands.some((one) => one instanceof Date)) return byInstant(operator, operands, holds, world)
  if (operator === '!=') return anyOfThese(operands, !holds, sameAs(operand))
  const name = operator === '<' ? 'lt' : operator === '>' ? 'gt' : 'oneOf'
  const test = made(name, JSON.stringify(criterion), condition('matching()', criterion).holds)
  if (name === 'oneOf') return anyOfThese(operands, holds, test)
  const bound = Number(operand)
  const range = name === 'lt' ? { high: bound, below: true } : { low: bound, above: true }
  return ordered(operand, { ...anyNumber, ...range }, holds, test)
}

function byInstant(
  operator: string,
  operands: readonly unknown[],
  holds: boolean,
  world: PossibleValues,
): PossibleValues {
  const bound = Number(operands[0])
  const range =
    operator === '<'
      ? { ...anyNumber, high: bound, below: true }
      : operator === '>'
        ? { ...anyNumber, low: bound, above: true }
        : undefined
  if (range === undefined || !holds) return world
  return { ...nothing, numbers: [range], dates: [range], strings: textWith({ moment: range }) }
}
