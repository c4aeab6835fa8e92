import assert from 'node:assert/strict'
import { HOUR } from '../core/time-units.ts'
import type { Consumer, Handed, Log, Start } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { type Bench, draft, draftsOf, type LogTests, law, list, seqs, seqsOf, take, takeAll } from './log-bench.ts'

const move = (log: Log, start: Start): Promise<Consumer> => log.consumer('c', { start, move: true })

/** Returns a consumer that has handled all of `count` events. */
async function through({ log }: Bench, count: number): Promise<{ consumer: Consumer; handled: Handed[] }> {
  await log.accept(draftsOf(count))
  const consumer = await log.consumer('c', { start: 'start' })
  const handled = await take(consumer, count)
  for (const handed of handled) consumer.ack(handed)
  await consumer.flush()
  return { consumer, handled }
}

/** What is done to a consumer: `told` events are accepted, it handles all, it is moved. */
const steps = fc.array(
  fc.oneof(
    fc.record({ told: fc.integer({ min: 1, max: 3 }) }),
    fc.constant('hears' as const),
    fc.record({ place: fc.oneof(fc.constantFrom<Start>('now', 'start'), fc.nat({ max: 12 })) }),
  ),
  { maxLength: 12 },
)

/** However a consumer was moved, what it has passed over is what it was never handed. */
const knowsWhatItPassed = law(
  fc.record({ start: fc.constantFrom<Start>('now', 'start'), steps }),
  async ({ log }, { start, steps }) => {
    const all = (await log.accept(draftsOf(3))).map(({ seq }) => seq)
    const heard = new Set<number>()
    let consumer = await log.consumer('c', { start })
    for (const [i, step] of steps.entries()) {
      if (step === 'hears') {
        for (const handed of await takeAll(log, consumer)) {
          heard.add(handed.event.seq)
          consumer.ack(handed)
        }
        await consumer.flush()
      } else if ('told' in step) all.push(...(await log.accept(draftsOf(step.told, `${i} `))).map(({ seq }) => seq))
      else consumer = await move(log, typeof step.place === 'number' ? (all[step.place] ?? 'now') : step.place)
    }
    const [info] = await list(log.consumers())
    const { cursor, passed = [] } = info ?? { cursor: 0 }
    const found = all.filter((seq) => passed.some(([first, last]) => first <= seq && seq <= last))
    assert.deepEqual(
      found,
      all.filter((seq) => seq <= cursor && !heard.has(seq)),
    )
  },
)

/** The guarantees about steering a consumer from outside. */
export const steeringTests: LogTests = {
  'knows what it has passed over without hearing it': knowsWhatItPassed,

  'has passed over what was told before a start in the future': async ({ log, clock }) => {
    const consumer = await log.consumer('c', { start: new Date(clock.now() + HOUR) })
    const before = (await log.accept(draftsOf(2))).map(({ seq }) => seq)
    clock.step(HOUR)
    await log.accept([draft('after')])
    for (const handed of await takeAll(log, consumer, 1)) consumer.ack(handed)
    await consumer.flush()
    assert.deepEqual((await list(log.consumers()))[0]?.passed, [[1, before.at(-1)]])
  },

  'hands the events in between to a consumer that is moved back, as a replay; new events are not part of it': async (
    bench,
  ) => {
    const { handled } = await through(bench, 4)
    const third = handled[2]?.event.seq as number
    const consumer = await move(bench.log, third)
    assert.equal(consumer.origin, 'known')
    const [fresh] = await bench.log.accept([draft('fresh')])
    const taken = await takeAll(bench.log, consumer, 3)
    assert.deepEqual(taken.slice(0, 2), [
      { ...handled[2], replay: 1 },
      { ...handled[3], replay: 1 },
    ])
    assert.deepEqual([taken[2]?.event.seq, taken[2]?.replay], [fresh?.seq, undefined])
    consumer.retry(taken[0] as Handed, { at: bench.clock.now() })
    assert.deepEqual(await take(consumer, 1), [{ ...handled[2], attempt: 2, replay: 1 }])
  },

  'hands out all again, as the next replay, if a consumer is moved back before it has caught up': async (bench) => {
    const { handled } = await through(bench, 3)
    const first = await move(bench.log, 'start')
    for (const handed of await take(first, 1)) first.ack(handed)
    await first.flush()
    const second = await move(bench.log, 'start')
    assert.deepEqual(
      await takeAll(bench.log, second, 3),
      handled.map((handed) => ({ ...handed, replay: 2 })),
    )
  },

  'skips the events in between for a consumer that is moved forward': async (bench) => {
    const { log, clock } = bench
    await log.consumer('c', { start: 'start' })
    await log.accept(draftsOf(3, 'old '))
    await clock.advance(HOUR)
    const noon = new Date(clock.now())
    const receipts = await log.accept(draftsOf(3, 'new '))
    const ofDate = await move(log, noon)
    assert.deepEqual(
      seqsOf(await takeAll(bench.log, ofDate, 3)),
      receipts.map(({ seq }) => seq),
    )
    const ofNow = await move(log, 'now')
    assert.deepEqual(await takeAll(bench.log, ofNow), [])
    const [fresh] = await log.accept([draft('fresh')])
    assert.deepEqual(await take(ofNow, 1), [
      { event: (await list(log.events({ reverse: true, limit: 1 })))[0], attempt: 1 },
    ])
    assert.equal(fresh?.status, 'new')
  },

  'hands out exactly the events after the place to which a consumer is moved': law(
    fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }),
    async (bench, places) => {
      await through(bench, 10)
      const all = await seqs(bench.log)
      for (const place of places) {
        const start = (all[0] as number) + place
        const consumer = await move(bench.log, start)
        const expected = all.filter((seq) => seq >= start)
        const taken = await takeAll(bench.log, consumer, expected.length)
        assert.deepEqual(seqsOf(taken), expected)
        for (const handed of taken) consumer.ack(handed)
        await consumer.flush()
      }
    },
  ),

  'keeps waiting and parked events wherever their consumer is moved': async (bench) => {
    const { log, clock } = bench
    await log.accept(draftsOf(4))
    const before = await log.consumer('c', { start: 'start' })
    const [waits, parked, ...rest] = (await take(before, 4)) as [Handed, Handed, ...Handed[]]
    before.retry(waits, { at: clock.now() + HOUR })
    before.park(parked, { error: 'no' })
    for (const handed of rest) before.ack(handed)
    await before.flush()
    for (const start of ['start', 'now', 'start'] as const) await move(log, start)
    const consumer = await move(log, 'start')
    assert.deepEqual(seqsOf(await takeAll(bench.log, consumer, 2)), seqsOf(rest))
    assert.deepEqual(seqsOf(await list(consumer.parked())), [parked.event.seq])
    const pulled = take(consumer, 1)
    await clock.advance(HOUR)
    assert.deepEqual(await pulled, [{ ...waits, attempt: 2 }])
  },

  'begins a new consumer where it is to be moved to': async (bench) => {
    await bench.log.accept(draftsOf(2))
    const consumer = await move(bench.log, 'start')
    assert.equal(consumer.origin, 'new')
    assert.deepEqual(
      (await takeAll(bench.log, consumer, 2)).map(({ replay }) => replay),
      [undefined, undefined],
    )
  },

  'reports that it is ready, and that it is closed': async ({ log }) => {
    assert.equal(log.state, 'ready')
    await log.close()
    assert.equal(log.state, 'closed')
  },
}

/** The guarantees that must last. */
export const lastingSteeringTests: LogTests = {
  'keeps a move and its replay over a crash': async (bench) => {
    const { handled } = await through(bench, 3)
    await move(bench.log, 'start')
    const log = await bench.reopen('crash')
    await log.accept([draft('fresh')])
    const taken = await takeAll(bench.log, await log.consumer('c', { start: 'now' }), 4)
    assert.deepEqual(
      taken.map(({ replay }) => replay),
      [1, 1, 1, undefined],
    )
    assert.deepEqual(seqsOf(taken).slice(0, 3), seqsOf(handled))
  },

  'keeps the replay of an event that was in flight at a crash': async (bench) => {
    const { handled } = await through(bench, 1)
    await take(await move(bench.log, 'start'), 1)
    const again = await (await bench.reopen('crash')).consumer('c', { start: 'now' })
    assert.deepEqual(await take(again, 1), [{ ...handled[0], replay: 1, crashes: 0 }])
  },

  'keeps suspects that were not handed out over a clean close': async (bench) => {
    await bench.log.accept(draftsOf(3))
    await take(await bench.log.consumer('c', { start: 'start' }), 3)
    const crashed = await (await bench.reopen('crash')).consumer('c', { start: 'now' })
    const [first] = await take(crashed, 1)
    crashed.ack(first as Handed)
    const again = await (await bench.reopen('close')).consumer('c', { start: 'now' })
    assert.equal(again.suspects, 2)
    const [second] = await take(again, 1)
    assert.deepEqual([second?.event.seq, second?.crashes], [(first?.event.seq ?? 0) + 1, 0])
  },
}
