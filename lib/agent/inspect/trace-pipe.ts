import { tap } from 'rxjs'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { StoredEvent } from '../../core/event.ts'
import { isTest, type Test } from '../../filter/test.ts'
import { predicateOf } from '../../filter/where.ts'
import { cellKey } from '../../listener/judge/kept.ts'
import { MemoryPipe } from '../../listener/judge/memory-pipe.ts'
import type { Listener } from '../../listener/listener.ts'
import { memoryOf } from '../../listener/memory/memory-filter.ts'
import type { AnyOperator } from '../../listener/on.ts'
import { codeOf, type ExplainedTest, explainTest, shortText } from './explain-test.ts'
import { type Fate, PipeFold } from './pipe-fold.ts'
import { operatorsIn } from './pipe-operators.ts'

/** One step of a pipe, as an event went through it. */
export interface TracedStep {
  /** The operator, as code or by its name in rxjs. */
  readonly operator: string
  /** How many values came to it, and left it. */
  readonly came: number
  readonly left: number
  /** Of a filter: how its test found the first value. */
  readonly test?: ExplainedTest
  /** Of a filter that remembers: what it remembered, as short JSON; `nothing` before the first value. */
  readonly remembered?: string
  /** The first value that left it, as short JSON; absent for a filter. */
  readonly value?: string
}

/** How a pipe decides about one event. */
export interface PipeTrace {
  /** Whether the listener hears the type. If not, the pipe is not run. */
  readonly hears: boolean
  /** The types that it hears; absent: all. */
  readonly types?: readonly string[]
  readonly steps: readonly TracedStep[]
  /** Absent for an event of a type that is not heard. */
  readonly fate?: Fate
}

/** What to trace. */
export interface TraceOptions {
  readonly listener: Listener
  readonly event: StoredEvent
  /** The events that its filters remember: those that were told, in order of seq. Needed only by filters that remember. */
  readonly events: AsyncIterable<StoredEvent>
  /** The present, in ms since the epoch. */
  readonly now: number
  readonly clock?: Clock
  /** Called for each event that was read. */
  seen?(event: StoredEvent): void
}

/** Whether the pipe of a listener has filters that remember, so that its verdict depends on earlier events. */
export function remembers({ source }: Listener): boolean {
  return MemoryPipe.of(source) !== undefined
}

/**
 * Runs the pipe of a listener for one event, and notes what comes to each of its operators, and leaves it. Filters that
 * remember are given the events before. The handler does not run; operators that act do act.
 */
export async function tracePipe(options: TraceOptions): Promise<PipeTrace> {
  const { listener, event, now, clock = systemClock } = options
  const { types } = listener.source
  const recorder = new Recorder(listener, event.seq)
  let fate: Fate | undefined
  const decided = ({ seq }: StoredEvent, how: Fate): void => {
    if (seq === event.seq) fate = how
  }
  const fold = new PipeFold(recorder.listener, { clock, decided })
  recorder.memory = (key) => fold.memory.peek(key)
  const heard = { hears: fold.hears(event.type), ...(types === undefined ? {} : { types }) }
  if (!heard.hears) return { ...heard, steps: [] }
  if (!remembers(listener)) {
    await fold.add(event)
    return { ...heard, steps: recorder.steps(event), ...(fate && { fate }) }
  }
  let steps: readonly TracedStep[] | undefined
  for await (const each of options.events) {
    if (each.seq > event.seq) steps ??= recorder.steps(event)
    if (steps !== undefined && fate !== undefined) break
    await fold.add(each)
    options.seen?.(each)
  }
  steps ??= recorder.steps(event)
  if (fate === undefined) await fold.end(now)
  return { ...heard, steps, ...(fate && { fate }) }
}

/** Stands between the operators of a pipe, and notes the values of one event. */
class Recorder {
  readonly listener: Listener
  memory: (key: string) => unknown = () => undefined
  readonly #operators: readonly AnyOperator[]
  readonly #names: MemoryPipe['names']
  #values: unknown[][] = []
  #remembered: (string | undefined)[] = []
  #isNoting = false

  constructor(listener: Listener, seq: number) {
    const { operators } = listener.source
    this.#operators = operators
    this.#names = MemoryPipe.of(listener.source)?.names ?? new Map()
    const begin = tap<unknown>((event) => {
      this.#isNoting = (event as StoredEvent).seq === seq
      if (!this.#isNoting) return
      this.#values = operators.map(() => [])
      this.#values.push([])
      this.#remembered = []
    })
    const between = operators.flatMap((operator, i) => [this.#note(i), operator])
    // A digest is the last operator: nothing is behind it.
    const last = operators.at(-1)
    const end = last !== undefined && memoryOf(last)?.kind === 'digest' ? [] : [this.#note(operators.length)]
    this.listener = { ...listener, source: { ...listener.source, operators: [begin, ...between, ...end] } }
  }

  #note(i: number): AnyOperator {
    const operator = this.#operators[i]
    const memory = operator && memoryOf(operator)
    return tap((value) => {
      if (!this.#isNoting) return
      if (memory !== undefined && this.#remembered[i] === undefined) {
        const kept = this.memory(cellKey(this.#names.get(memory) ?? memory.code, memory.keyOf(value)))
        this.#remembered[i] = kept === undefined ? 'nothing' : shortText(kept)
      }
      this.#values[i]?.push(value)
    })
  }

  steps(event: StoredEvent): readonly TracedStep[] {
    const match = this.listener.source.match as Test<unknown> | undefined
    const first = match === undefined ? [] : [matched(match, event)]
    if (first[0]?.left === 0) return first
    return [...first, ...this.#operators.map((operator, i) => this.#step(operator, i))]
  }

  #step(operator: AnyOperator, i: number): TracedStep {
    const came = this.#values[i] ?? []
    const left = this.#values[i + 1] ?? []
    const counts = { came: came.length, left: left.length }
    const remembered = this.#remembered[i]
    const test = predicateOf(operator)
    if (test !== undefined) {
      const code = test.name === 'at' && isTest(test) ? String(test).slice('at('.length, -1) : codeOf(test)
      return { operator: `where(${code})`, ...counts, ...(came.length > 0 && { test: explainTest(test, came[0]) }) }
    }
    if (memoryOf(operator) !== undefined)
      return { operator: codeOf(operator), ...counts, ...(remembered && { remembered }) }
    return {
      operator: operatorsIn(operator).join(', '),
      ...counts,
      ...(left.length > 0 && left[0] !== came[0] && { value: shortText(left[0]) }),
    }
  }
}

function matched(match: Test<unknown>, event: StoredEvent): TracedStep {
  const test = explainTest(match, event)
  return { operator: test.test, came: 1, left: test.holds ? 1 : 0, test }
}
