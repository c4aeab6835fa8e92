import { inspect, isDeepStrictEqual } from 'node:util'
import type { Fate } from '../agent/inspect/pipe-fold.ts'
import type { StoredEvent } from '../core/event.ts'
import { BrokenLaw, type CheckLaw } from './check-law.ts'
import { fc } from './fast-check.ts'
import { eventLine, fateLine, type PipeUnderTest } from './pipe-under-test.ts'

/** A process that restarts between two events decides as one that does not. */
export async function restarts(subject: PipeUnderTest, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({ history: subject.histories, restart: fc.nat(7) })
  await checkLaw(cases, async ({ history, restart }) => {
    const without = fatesOf(await subject.decide(history))
    const restarted = fatesOf(await subject.decide(history, restart))
    for (const event of history) {
      const [one, other] = [without.get(event.seq), restarted.get(event.seq)]
      if (same(one, other)) continue
      const before = Math.min(restart, history.length - 1)
      const finding = `event ${event.seq} ${fateLine(one)}; where the process restarts, it ${fateLine(other)}`
      const lines = history.flatMap((each, at) => (at === before ? ['restart', eventLine(each)] : [eventLine(each)]))
      throw new BrokenLaw(finding, lines)
    }
  })
}

/** No event that fits its type makes the pipe fail. */
export async function fails(subject: PipeUnderTest, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(subject.histories, async (history) => {
    for (const { event, fate } of await subject.decide(history)) {
      if (fate.kind !== 'fails') continue
      const { name, message, stack } = fate.error
      if (fate.error.code === 'TIDINGS_EVENT_OUTDATED') {
        throw new BrokenLaw(`the given events do not fit their own type: ${message}`, [eventLine(event)])
      }
      throw new BrokenLaw(`the pipe throws ${name}: ${message}`, [...history.map(eventLine), ...placeOf(stack)])
    }
  })
}

function fatesOf(decided: readonly { readonly event: StoredEvent; readonly fate: Fate }[]): ReadonlyMap<number, Fate> {
  return new Map(decided.map(({ event, fate }) => [event.seq, fate]))
}

function same(one: Fate | undefined, other: Fate | undefined): boolean {
  if (one?.kind === 'fails' && other?.kind === 'fails') return one.error.message === other.error.message
  return isDeepStrictEqual(one, other) || inspect(one, WHOLE) === inspect(other, WHOLE)
}

// A pipe may hand its handler functions, or objects that have some: these are made for each event, and look alike.
const WHOLE = { depth: null, maxArrayLength: null, maxStringLength: null } as const

/** The line of the stack that names the code which threw. */
function placeOf(stack: string | undefined): readonly string[] {
  const at = stack?.split('\n').find((line) => /^\s+at /.test(line))
  return at === undefined ? [] : [at.trim()]
}
