import { between, eq, gt, gte, lt, lte, ne, oneOf } from './comparison.ts'
import { each, none, size, some } from './list.ts'
import { all, any, not } from './logic.ts'
import { type Criteria, matching } from './matching.ts'
import { refuse } from './operand.ts'
import { at } from './path.ts'
import { exists, isEmpty, isType } from './presence.ts'
import { code } from './print.ts'
import type { Test } from './test.ts'
import { contains, endsWith, glob, matches, startsWith } from './text.ts'
import { after, before } from './time.ts'

/**
 * Makes the test that a `toJSON()` described: `fromJSON(JSON.parse(JSON.stringify(test)))` holds for the same values as
 * `test`. A function of your own has no JSON but its name, and cannot be read back.
 *
 * Nothing in the JSON is run as code. A regular expression from a stranger may still backtrack without end: refuse
 * `matches` yourself if the JSON is not yours.
 *
 * @throws TypeError that shows the part that is not a test, or has operands that the test refuses
 *
 * @example
 * ```ts
 * import { all, fromJSON, gt, lt } from 'tidings/filters'
 *
 * const stored = JSON.stringify(all(gt(3), lt(9)))
 * console.log([2, 4, 9].filter(fromJSON(JSON.parse(stored)))) // [ 4 ]
 * ```
 */
export function fromJSON(json: unknown): Test<unknown> {
  if (typeof json === 'string') {
    const constant = constants.get(json)
    return constant ?? refuse('fromJSON()', `a test, such as ${[...constants.keys()].join(' or ')}`, json)
  }
  const entries = typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : []
  const [name, operands] = entries.length === 1 ? (entries[0] as [string, unknown]) : []
  if (name === undefined || !Array.isArray(operands))
    return refuse('fromJSON()', 'a test such as { "gt": [3] } or "exists"', json)
  const make = makers.get(name)
  if (make === undefined) throw new TypeError(`fromJSON() has no test ${code(name)}`)
  return make(operands)
}

type Make = (operands: readonly unknown[]) => Test<unknown>

/** Accepts operands of any type: the test checks them. */
type Loose = (...operands: unknown[]) => Test<unknown>

const constants: ReadonlyMap<string, Test<unknown>> = new Map([
  ['exists', exists],
  ['isEmpty', isEmpty as Test<unknown>],
])

const makers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...reading({ eq, ne, oneOf, lt, lte, gt, gte, between }, scalarIn),
  ...reading({ contains, startsWith, endsWith, glob, before, after, isType }, (operand) => operand),
  ...reading({ all, any, not, some, each, none }, fromJSON),
  ...reading({ matches }, expressionIn),
  ...reading({ size }, (operand) => (typeof operand === 'number' ? operand : fromJSON(operand))),
  ...reading({ at }, (operand, i) => (i === 0 ? operand : fromJSON(operand))),
  ...reading({ matching }, criteriaIn),
])

function reading(
  tests: Readonly<Record<string, unknown>>,
  read: (operand: unknown, i: number) => unknown,
): [name: string, make: Make][] {
  return Object.entries(tests).map(([name, test]) => [
    name,
    (operands) => (test as Loose)(...operands.map((operand, i) => read(operand, i))),
  ])
}

/** An operand that is a Date, or a number that JSON does not have, is tagged; anything else is itself. */
function scalarIn(operand: unknown): unknown {
  if (typeof operand !== 'object' || operand === null) return operand
  const { date, number } = operand as { readonly date?: unknown; readonly number?: unknown }
  if (typeof date === 'string') return new Date(date)
  return number === 'Infinity' || number === '-Infinity' ? Number(number) : operand
}

function expressionIn(operand: unknown, i: number): unknown {
  if (i > 0) return operand
  const [, source, flags] = /^\/(.*)\/(\w*)$/s.exec(String(operand)) ?? []
  try {
    if (typeof operand === 'string' && source !== undefined) return new RegExp(source, flags)
  } catch {
    // Refused below, with the expression.
  }
  return refuse('fromJSON()', "a regular expression such as '/^v/i'", operand)
}

function criteriaIn(given: unknown): Criteria {
  if (typeof given !== 'object' || given === null) return given as Criteria
  const read = (field: string, operand: unknown): unknown =>
    Array.isArray(operand)
      ? operand.map((one) => read(field, one))
      : field === 'created' && typeof operand === 'string'
        ? new Date(operand)
        : scalarIn(operand)
  const fields = Object.entries(given).map(([field, criterion]) => {
    const [operator, ...operands] = Array.isArray(criterion) ? (criterion as unknown[]) : [criterion]
    return [field, [operator, ...operands.map((operand) => read(field, operand))]] as const
  })
  return Object.fromEntries(fields) as unknown as Criteria
}
