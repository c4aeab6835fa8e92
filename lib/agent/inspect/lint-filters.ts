import { eq, gte } from '../../filter/comparison.ts'
import { any, not } from '../../filter/logic.ts'
import { at } from '../../filter/path.ts'
import { exists, isType } from '../../filter/presence.ts'
import { mayHold, type World } from '../../filter/satisfiable.ts'
import type { Test } from '../../filter/test.ts'
import { glob } from '../../filter/text.ts'
import { predicateOf } from '../../filter/where.ts'
import type { Listener } from '../../listener/listener.ts'
import { type Finding, type Inspected, listed, listenerTitle } from './finding.ts'

type Found = Omit<Finding, 'code'>

/** Tests that one value has to pass. */
interface Conjunction {
  readonly tests: readonly unknown[]
  /** `any` after an operator that may have changed the value. */
  readonly world: World
}

/** Listeners whose filters contradict each other, or the types that they hear. */
export function neverHolding({ agent }: Inspected): readonly Found[] {
  return agent.listeners.flatMap((listener): Found[] => {
    const [first, ...later] = conjunctionsOf(listener)
    const found = first === undefined ? undefined : (ofEvent(first, listener) ?? later.map(contradiction).find(Boolean))
    return found === undefined ? [] : [{ part: listenerTitle(listener), ...found }]
  })
}

/** The filters of a pipe; those between two other operators belong together. The first are about the event itself. */
function conjunctionsOf({ source }: Listener): Conjunction[] {
  const found: { tests: unknown[]; world: World }[] = [
    { tests: source.match === undefined ? [] : [source.match], world: 'json' },
  ]
  for (const operator of source.operators) {
    const test = predicateOf(operator)
    if (test === undefined) found.push({ tests: [], world: 'any' })
    else found.at(-1)?.tests.push(test)
  }
  return found
}

type Words = Pick<Found, 'message' | 'fix'>

function ofEvent({ tests, world }: Conjunction, { source }: Listener): Words | undefined {
  const own = contradiction({ tests, world })
  if (own !== undefined) return own
  const never = smallest(tests, world, event)
  if (never !== undefined) {
    return {
      message: `${words(never)} never holds for an event, whatever its data.`,
      fix: 'Look up the fields of events: type, identifier and job are texts, seq and created are numbers.',
    }
  }
  // A matching names its own types.
  if (source.types === undefined || source.match !== undefined) return undefined
  const typed = smallest(tests, world, [...event, at<unknown, string>('type', hearing(source.types))])
  if (typed === undefined) return undefined
  return {
    message: `It hears only ${listed(source.types)}, for which ${words(typed)} never holds.`,
    fix: 'Correct the types in on(…), or the filter.',
  }
}

function contradiction({ tests, world }: Conjunction): Words | undefined {
  const never = smallest(tests, world, [])
  if (never === undefined) return undefined
  return {
    message: `${words(never)} never ${never.length === 1 ? 'holds' : 'hold together'}, so the listener receives nothing.`,
    fix:
      never.length === 1
        ? 'Correct the filter: any(…) holds if one of its tests does.'
        : 'Remove one of them, or combine them: any(…) holds if one of its tests does.',
  }
}

/** The fewest of the tests that can't all hold; undefined if they may. */
function smallest(
  tests: readonly unknown[],
  world: World,
  besides: readonly unknown[],
): readonly unknown[] | undefined {
  if (mayHold([...besides, ...tests], world)) return undefined
  let rest = tests
  for (const test of tests) {
    const fewer = rest.filter((each) => each !== test)
    if (!mayHold([...besides, ...fewer], world)) rest = fewer
  }
  return rest
}

const field = (name: string, test: unknown): unknown => at<unknown, string>(name, test as Test<unknown>)

/** What holds for every event. */
const event: readonly unknown[] = [
  field('type', isType('string')),
  field('identifier', isType('string')),
  ...['seq', 'created'].map((name) => field(name, isType('number'))),
  field('seq', gte(1)),
  ...['cause', 'revision'].map((name) => field(name, any(not(exists), isType('number')))),
  ...['job', 'version'].map((name) => field(name, any(not(exists), isType('string')))),
]

function hearing(types: readonly string[]): Test<unknown> {
  // In a glob `?` is any character, here itself: more texts than there are, which is on the safe side.
  const tests = types.map((type) => (type.includes('*') ? glob(type) : eq(type)))
  return any(...(tests as readonly Test<unknown>[]))
}

function words(tests: readonly unknown[]): string {
  return tests.map(filterCode).join(' and ')
}

function filterCode(test: unknown): string {
  const { name, operands } = test as Test<unknown> & { readonly name: string }
  if (name === 'matching') return String(test)
  if (name !== 'at' || operands === undefined) return `where(${String(test)})`
  return `where(${String(test).slice('at('.length)}`
}
