import { isDeepStrictEqual } from 'node:util'
import { defined } from '../core/defined.ts'
import type { StoredEvent } from '../core/event.ts'
import { HOUR } from '../core/time-units.ts'
import { arbLives, type HistoryOptions, historyOf } from './arb-history.ts'
import { BrokenLaw, type CheckLaw, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { FIRST_POLL, type StreamOnLog, type StreamUnderTest } from './stream-under-test.ts'
import type { PollFault } from './stream-world.ts'
import { identity, list } from './watched-stream.ts'

/** Items appear at any time, in the order of their arrival, stay for some polls, and disappear; a poll may find nothing. */
export async function overlap<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  await appear(subject, checkLaw, subject.service.arrival?.by)
}

/** The same, but items may appear behind those that came before them. */
export async function late<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  await appear(subject, checkLaw, undefined)
}

async function appear<W>(
  subject: StreamUnderTest<W>,
  checkLaw: CheckLaw,
  arrival: HistoryOptions<W>['arrival'],
): Promise<void> {
  const { wire, truth } = subject.service
  await checkLaw(arbLives(wire), async (lives) => {
    const history = historyOf(lives, { truth, ...defined({ arrival }) })
    const expected = await expectedOf(subject, [...new Set(history.flatMap(({ items }) => items))])
    await subject.onLog(async (logged) => {
      for (const [now, { items }] of history.entries()) await logged.watch.poll(items, FIRST_POLL + now * HOUR)
      compare(expected, logged)
    })
  })
}

/** A request of one poll fails; the next poll finds everything again. */
export async function failure<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({
    // What shrinks quickly comes first.
    fault: fc.record({ call: fc.nat(4), as: fc.constantFrom('rejects', 'answers 503') }),
    before: fc.nat(8),
    given: fc.array(subject.service.wire, { maxLength: 8 }),
  })
  await checkLaw(cases, async ({ given, before, fault }) => {
    const { items, first } = subject.begun(given, before)
    const expected = await expectedOf(subject, items)
    await subject.onLog(async (logged) => {
      if (first.length > 0) await logged.watch.poll(first, FIRST_POLL)
      await logged.watch.poll(items, FIRST_POLL + HOUR, fault)
      await logged.watch.poll(items, FIRST_POLL + 2 * HOUR)
      compare(expected, logged)
    })
  })
}

/** A poll that fails, and the next one, tell what they would have told without the failure. */
export async function truthful<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({
    fault: fc.record({ call: fc.nat(4), as: fc.constantFrom<PollFault['as']>('rejects', 'answers 503', 'breaks off') }),
    before: fc.nat(4),
    given: fc.array(subject.service.wire, { minLength: 1, maxLength: 6 }),
  })
  await checkLaw(cases, async ({ given, before, fault }) => {
    const { items, first } = subject.begun(given, before)
    const told = (failing?: PollFault): Promise<Told> =>
      subject.onLog(async ({ watch, accepted }) => {
        if (first.length > 0) await watch.poll(first, FIRST_POLL)
        await watch.poll(items, FIRST_POLL + HOUR, failing)
        const during = accepted.length
        await watch.poll(items, FIRST_POLL + 2 * HOUR)
        return { during: accepted.slice(0, during), all: accepted, history: watch.history }
      })
    const well = await told()
    const failed = await told(fault)
    for (const event of failed.during) {
      const right = well.during.find((each) => identity(each) === identity(event))
      if (right !== undefined && isDeepStrictEqual(right.data, event.data)) continue
      const expected = `without the failure: ${right === undefined ? 'no such event' : show(right.data)}`
      throw new BrokenLaw(`${identity(event)} came as ${show(event.data)}`, [...failed.history, expected])
    }
    const missing = well.all.find((event) => !failed.all.some((each) => identity(each) === identity(event)))
    if (missing === undefined) return
    throw new BrokenLaw(`${identity(missing)} was lost: the next poll does not catch up`, failed.history)
  })
}

interface Told {
  /** What was told until the end of the poll that fails. */
  readonly during: readonly StoredEvent[]
  readonly all: readonly StoredEvent[]
  readonly history: readonly string[]
}

/** Maps each identity to the item that has it when shown alone. */
export async function expectedOf<W>(subject: StreamUnderTest<W>, items: readonly W[]): Promise<ReadonlyMap<string, W>> {
  const expected = new Map<string, W>()
  for (const [item, { identities, history }] of await subject.pollEach(items)) {
    const happening = subject.service.truth(item) !== undefined
    if (happening && identities.size === 0) throw new BrokenLaw(`${show(item)} was lost, even alone`, history)
    if (!happening && identities.size > 0)
      throw new BrokenLaw(`${show(item)} is not a happening, but was told`, history)
    for (const name of identities.keys()) expected.set(name, item)
  }
  return expected
}

/** Compares what a log has with what the items give, each alone. */
export function compare<W>(expected: ReadonlyMap<string, W>, { watch, accepted }: StreamOnLog<W>): void {
  const came = accepted.map(identity)
  const broken = (finding: string): BrokenLaw =>
    new BrokenLaw(finding, [
      ...watch.history,
      `expected ${list(expected.keys())}: what the items give, each alone`,
      `accepted ${list(came)}`,
    ])
  for (const [name, item] of expected) if (!came.includes(name)) throw broken(`${show(item)} was lost: no ${name}`)
  for (const [at, name] of came.entries()) {
    if (!expected.has(name)) throw broken(`${name} was told, which no item stands for`)
    if (came.indexOf(name) < at) throw broken(`${name} was told again, and no item had changed`)
  }
}
