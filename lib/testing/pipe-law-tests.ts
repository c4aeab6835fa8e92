import { tap } from 'rxjs'
import { codeOf, explainTest } from '../agent/inspect/explain-test.ts'
import { operatorsIn } from '../agent/inspect/pipe-operators.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Matching } from '../filter/matching.ts'
import { read } from '../filter/path.ts'
import { isTest, type Test } from '../filter/test.ts'
import { predicateOf } from '../filter/where.ts'
import type { Listener } from '../listener/listener.ts'
import { memoryOf } from '../listener/memory/memory-filter.ts'
import type { AnyOperator } from '../listener/on.ts'
import { typeTest } from '../log/type-names.ts'
import type { CheckLaw } from './check-law.ts'
import type { PipeUnderTest } from './pipe-under-test.ts'

/** Each test of the pipe, and each of its filters, is true for one generated value and false for another. */
export async function reached(subject: PipeUnderTest, checkLaw: CheckLaw, title: string): Promise<void> {
  const tally = new Tally(subject.fresh())
  await checkLaw(subject.histories, async (history) => {
    for (const event of history) tally.match(event)
    await subject.decide(history, undefined, tally.listener)
    tally.settle()
  })
  const never = tally.never()
  if (never.length === 0) return
  throw new Error(
    [title, ...never, `for ${subject.heard} events: correct the test, or generate more varied events`].join('\n  '),
  )
}

/** How often a test came out each way. */
interface Counts {
  readonly words: string
  yes: number
  no: number
}

/** What came to an operator of one event, and left it. */
interface Passage {
  came: number
  left: number
}

/** Stands between the operators of a pipe, and counts how its tests come out. */
class Tally {
  readonly listener: Listener
  readonly #hears: (type: string) => boolean
  readonly #match: Test<unknown> | undefined
  readonly #counts = new Map<string, Counts>()
  /** Of the events since `settle`, by seq: of each operator whose test is not known, what came and left. */
  readonly #passages = new Map<number, Map<number, Passage>>()
  #seq = 0

  constructor(listener: Listener) {
    const { operators, match, types } = listener.source
    this.#hears = typeTest(types)
    this.#match = match as Test<unknown> | undefined
    const begin = tap<unknown>((event) => {
      this.#seq = (event as StoredEvent).seq
      this.#passages.set(this.#seq, new Map())
    })
    const between = operators.flatMap((operator, at) => this.#around(operator, at))
    this.listener = { ...listener, source: { ...listener.source, operators: [begin, ...between] } }
  }

  /** Counts the criteria of a `matching(…)`, which an event meets before the pipe; the log already knows its types. */
  match(event: StoredEvent): void {
    if (this.#match === undefined || !this.#hears(event.type)) return
    const fields = Object.keys((this.#match as Matching).criteria)
    for (const [at, { test, holds }] of (explainTest(this.#match, event).parts ?? []).entries()) {
      if (fields[at] !== 'type' && fields[at] !== 'event_type') this.#note(`match ${at}`, test, holds)
    }
  }

  /** Counts the events that came to filters whose test is not known, and whether they passed. */
  settle(): void {
    for (const passages of this.#passages.values()) {
      for (const [at, { came, left }] of passages) {
        const words = filterWords(this.#operatorAt(at), at)
        if (left > 0) this.#note(`filter ${at}`, words, true)
        if (left < came) this.#note(`filter ${at}`, words, false)
      }
    }
    this.#passages.clear()
  }

  /** What never came out one way, in words. */
  never(): readonly string[] {
    return [...this.#counts.values()].flatMap(({ words, yes, no }) =>
      yes === 0 ? [`${words} was never true`] : no === 0 ? [`${words} was never false`] : [],
    )
  }

  readonly #operators = new Map<number, AnyOperator>()

  #operatorAt(at: number): AnyOperator | undefined {
    return this.#operators.get(at)
  }

  #around(operator: AnyOperator, at: number): readonly AnyOperator[] {
    const test = predicateOf(operator)
    if (test !== undefined) return [tap((value) => this.#visit(test, value, `${at}`)), operator]
    const memory = memoryOf(operator)
    const isFilter = memory?.kind === 'filter' || String(operatorsIn(operator)) === 'filter'
    if (!isFilter) return [operator]
    this.#operators.set(at, operator)
    const came = tap(() => void (this.#passage(at).came += 1))
    const left = tap(() => void (this.#passage(at).left += 1))
    return [came, operator, left]
  }

  #passage(at: number): Passage {
    const passages = this.#passages.get(this.#seq) ?? new Map<number, Passage>()
    this.#passages.set(this.#seq, passages)
    const passage = passages.get(at) ?? { came: 0, left: 0 }
    passages.set(at, passage)
    return passage
  }

  /** Counts a test and those that it is made of, in the order and as far as it calls them. */
  #visit(test: Test<unknown>, value: unknown, place: string): boolean {
    let holds: boolean
    try {
      holds = test(value)
    } catch {
      // Another law is about that.
      return false
    }
    const parts = partsOf(test, value)
    if (parts === undefined || parts.own) this.#note(place, testWords(test, place), holds)
    for (const [at, { part, of, until }] of (parts?.calls ?? []).entries()) {
      if (this.#visit(part, of, `${place}.${parts?.same === true ? 0 : at}`) === until) break
    }
    return holds
  }

  #note(place: string, words: string, holds: boolean): void {
    const counts = this.#counts.get(place) ?? { words, yes: 0, no: 0 }
    this.#counts.set(place, counts)
    if (holds) counts.yes += 1
    else counts.no += 1
  }
}

/** The tests that a test calls: with what, and the result after which it calls no more. */
interface Parts {
  readonly calls: readonly { readonly part: Test<unknown>; readonly of: unknown; readonly until: boolean | undefined }[]
  /** Whether it says more than its parts, so that it is counted itself. */
  readonly own: boolean
  /** Whether all calls are of one test. */
  readonly same?: boolean
}

function partsOf(test: Test<unknown>, value: unknown): Parts | undefined {
  if (!isTest(test)) return undefined
  const operands = test.operands ?? []
  switch (test.name) {
    case 'all':
    case 'any': {
      const until = test.name === 'any'
      return { calls: (operands as Test<unknown>[]).map((part) => ({ part, of: value, until })), own: true }
    }
    case 'not':
      return wrapped(operands[0] as Test<unknown>, value)
    case 'at':
      return wrapped(operands[1] as Test<unknown>, read(value, operands[0] as string))
    case 'some':
    case 'each':
    case 'none': {
      const items: readonly unknown[] = Array.isArray(value) ? value : []
      const until = test.name !== 'each'
      return { calls: items.map((of) => ({ part: operands[0] as Test<unknown>, of, until })), own: true, same: true }
    }
    default:
      return undefined
  }
}

// A test of one part comes out as that part does: only the outer one is counted.
function wrapped(part: Test<unknown>, of: unknown): Parts {
  const inner = partsOf(part, of)
  return inner === undefined
    ? { calls: [], own: true }
    : { calls: inner.calls, own: true, ...(inner.same ? { same: true } : {}) }
}

function testWords(test: Test<unknown>, place: string): string {
  const code = isTest(test) && test.name === 'at' ? String(test).slice('at('.length, -1) : codeOf(test)
  return place.includes('.') ? codeOf(test) : `where(${code})`
}

function filterWords(operator: AnyOperator | undefined, at: number): string {
  if (operator !== undefined && memoryOf(operator) !== undefined) return codeOf(operator)
  return `filter(), operator ${at + 1} of the pipe,`
}
