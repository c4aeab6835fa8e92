import { isDeepStrictEqual } from 'node:util'
import { from, of, pipe, tap } from 'rxjs'
import { operatorsIn } from '../agent/inspect/pipe-operators.ts'
import { type Left, valuesOf } from '../agent/inspect/pipe-values.ts'
import { systemClock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { predicateOf } from '../filter/where.ts'
import type { Listener } from '../listener/listener.ts'
import { memoryOf } from '../listener/memory/memory-filter.ts'
import type { AnyOperator } from '../listener/on.ts'
import { BrokenLaw, type CheckLaw, show } from './check-law.ts'
import { endIfHanging, eventLine, type PipeUnderTest, valueWords } from './pipe-under-test.ts'

/**
 * The operators between two filters with a memory give the same for values one at a time, as the engine runs them, and
 * for all in one stream, as an rxjs pipeline does. (Filters with a memory see all events in both.)
 */
export async function together(subject: PipeUnderTest, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(subject.histories, async (history) => {
    const listener = subject.fresh()
    for (const segment of segmentsOf(listener.source.operators)) {
      const values = await arriving(subject, listener, history, segment)
      const alone = await each(segment, values, listener)
      // What differs by itself is a question of restarts.
      if (alone === undefined || !isDeepStrictEqual(await each(segment, values, listener), alone)) continue
      const left = await valuesOf(joined(segment)(from(values)), bound(listener))
      if ('error' in left) endIfHanging(left.error, history.map(eventLine))
      const all = 'error' in left ? undefined : left.values
      if (all !== undefined && sameValues(alone, all)) continue
      const names = segment.operators.flatMap(operatorsIn).join(', ')
      throw new BrokenLaw(`the operators ${names} look across events, and each event goes through them alone`, [
        ...history.map(eventLine),
        `one at a time they give ${list(alone)}`,
        `together they ${all === undefined ? `fail: ${String('error' in left && left.error)}` : `give ${list(all)}`}`,
      ])
    }
  })
}

/** Operators without a memory that follow each other; `at`: the place of the first. */
interface Segment {
  readonly at: number
  readonly operators: readonly AnyOperator[]
}

function segmentsOf(operators: readonly AnyOperator[]): readonly Segment[] {
  const segments: { at: number; operators: AnyOperator[] }[] = [{ at: 0, operators: [] }]
  for (const [at, operator] of operators.entries()) {
    if (memoryOf(operator) === undefined) segments.at(-1)?.operators.push(operator)
    else segments.push({ at: at + 1, operators: [] })
  }
  // Filters look at one value.
  return segments.filter((each) => each.operators.some((operator) => predicateOf(operator) === undefined))
}

/** The values that arrive at a segment, event by event. */
async function arriving(
  subject: PipeUnderTest,
  listener: Listener,
  history: readonly StoredEvent[],
  { at }: Segment,
): Promise<readonly unknown[]> {
  const values = new Map<number, unknown[]>()
  let seq = 0
  const begin = tap<unknown>((event) => {
    seq = (event as StoredEvent).seq
    values.set(seq, [])
  })
  const note = tap<unknown>((value) => void values.get(seq)?.push(value))
  const operators = [begin, ...listener.source.operators.toSpliced(at, 0, note)]
  await subject.decide(history, undefined, { ...listener, source: { ...listener.source, operators } })
  return [...values].sort(([a], [b]) => a - b).flatMap(([, arrived]) => arrived)
}

/** What the operators make of each value alone; undefined if they fail. */
async function each(
  segment: Segment,
  values: readonly unknown[],
  listener: Listener,
): Promise<readonly unknown[] | undefined> {
  const given: unknown[] = []
  for (const value of values) {
    const left = await run(segment, value, listener)
    if ('error' in left) {
      endIfHanging(left.error, [valueWords(value)])
      return undefined
    }
    given.push(...left.values)
  }
  return given
}

async function run(segment: Segment, value: unknown, listener: Listener): Promise<Left> {
  try {
    return await valuesOf(joined(segment)(of(value)), bound(listener))
  } catch (error) {
    return { error }
  }
}

function joined({ operators }: Segment): AnyOperator {
  return (pipe as (...all: readonly AnyOperator[]) => AnyOperator)(...operators)
}

function bound({ settings: { timeout } }: Listener) {
  return { clock: systemClock, timeout }
}

// Asynchronous operators may give their values in another order.
function sameValues(alone: readonly unknown[], all: readonly unknown[]): boolean {
  if (isDeepStrictEqual(alone, all)) return true
  return alone.length === all.length && isDeepStrictEqual(alone.map(show).toSorted(), all.map(show).toSorted())
}

function list(values: readonly unknown[]): string {
  return values.map(valueWords).join(', ') || 'nothing'
}
