import { HOUR } from '../core/time-units.ts'
import { BrokenLaw, type CheckLaw, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { FIRST_POLL, type StreamOnLog, type StreamUnderTest } from './stream-under-test.ts'
import { identity, list } from './watched-stream.ts'

/** The number of polls in a history, an hour apart. */
const POLLS = 4

/** Items appear at any time, stay for some polls, and disappear; a poll may find nothing. */
export async function overlap<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const poll = fc.nat(POLLS - 1)
  const visit = fc.record({ item: subject.service.wire, from: poll, until: poll })
  await checkLaw(fc.array(visit, { maxLength: 8 }), async (given) => {
    const visits = subject.distinct(given, ({ item }) => item)
    const items = visits.map(({ item }) => item)
    const expected = await expectedOf(subject, items)
    const end = Math.max(0, ...visits.map(({ from, until }) => Math.max(from, until)))
    await subject.onLog(async (logged) => {
      for (let now = 0; now <= end; now++) {
        const there = visits.map(({ from, until }) => from <= now && now <= Math.max(from, until))
        const shown = items.filter((_, at) => there[at])
        await logged.watch.poll(shown, FIRST_POLL + now * HOUR)
      }
      compare(expected, logged)
    })
  })
}

/** A request of one poll fails; the next poll finds everything again. */
export async function failure<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({
    given: fc.array(subject.service.wire, { maxLength: 8 }),
    before: fc.nat(8),
    fault: fc.record({ call: fc.nat(4), as: fc.constantFrom('rejects', 'answers 503') }),
  })
  await checkLaw(cases, async ({ given, before, fault }) => {
    const items = subject.distinct(given, (item) => item)
    const expected = await expectedOf(subject, items)
    await subject.onLog(async (logged) => {
      if (before > 0) await logged.watch.poll(items.slice(0, before), FIRST_POLL)
      await logged.watch.poll(items, FIRST_POLL + HOUR, fault)
      await logged.watch.poll(items, FIRST_POLL + 2 * HOUR)
      compare(expected, logged)
    })
  })
}

/** Maps each identity to the item that has it when shown alone. */
async function expectedOf<W>(subject: StreamUnderTest<W>, items: readonly W[]): Promise<ReadonlyMap<string, W>> {
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

function compare<W>(expected: ReadonlyMap<string, W>, { watch, accepted }: StreamOnLog<W>): void {
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
