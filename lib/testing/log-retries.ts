import assert from 'node:assert/strict'
import { MINUTE } from '../core/time-units.ts'
import type { Consumer, Handed } from '../log/port.ts'
import { type Bench, draft, draftsOf, type LogTests, list, refused, seqsOf, take, takeAll } from './log-bench.ts'

/** Returns a consumer that holds `count` events. */
async function holding(
  { log }: Bench,
  count: number,
  options: { inOrder?: true } = {},
): Promise<{ consumer: Consumer; held: Handed[] }> {
  await log.accept(draftsOf(count))
  const consumer = await log.consumer('c', { start: 'start', ...options })
  return { consumer, held: await take(consumer, count) }
}

const parkedOf = async (consumer: Consumer): Promise<number[]> => seqsOf(await list(consumer.parked()))

/** The guarantees of `retry`, `park`, `release`, `drop` and `redeliver`. */
export const retryTests: LogTests = {
  'hands an event out again when it is due, not before, as the next attempt': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    const { event } = held[0] as Handed
    consumer.retry(held[0] as Handed, { at: bench.clock.now() + MINUTE, error: new TypeError('no') })
    await bench.clock.advance(MINUTE - 1)
    assert.deepEqual(await takeAll(bench.log, consumer), [])
    const [waiting] = await list(consumer.retrying())
    assert.deepEqual([waiting?.event, waiting?.attempts, waiting?.at], [event, 1, bench.clock.now() + 1])
    assert.deepEqual([waiting?.error?.name, waiting?.error?.message], ['TypeError', 'no'])
    const pulled = take(consumer, 1)
    await bench.clock.advance(1)
    const [again] = await pulled
    assert.deepEqual(again, { event, attempt: 2 })
    consumer.retry(again, { at: bench.clock.now() })
    assert.deepEqual(await take(consumer, 1), [{ event, attempt: 3 }])
  },

  'of the due events, the lowest seq comes first, and all come before new events': async (bench) => {
    const { consumer, held } = await holding(bench, 4)
    const now = bench.clock.now()
    for (const [i, handed] of held.entries()) consumer.retry(handed, { at: now + (4 - i) * 1000 })
    const [fresh] = await bench.log.accept([draft('fresh')])
    await bench.clock.advance(3000)
    // Also with room for only one of them.
    const [lowest] = await consumer.pull(1, new AbortController().signal)
    assert.equal(lowest?.event.seq, held[1]?.event.seq)
    const taken = await take(consumer, 3)
    assert.deepEqual(seqsOf(taken), [...seqsOf(held.slice(2)), fresh?.seq])
  },

  'a waiting event holds up no other, unless the consumer is in order': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    consumer.retry(held[0] as Handed, { at: bench.clock.now() + MINUTE })
    const [fresh] = await bench.log.accept([draft('fresh')])
    assert.deepEqual(seqsOf(await takeAll(bench.log, consumer, 1)), [fresh?.seq])
    await bench.withFresh(async (other) => {
      const { consumer: inOrder, held: first } = await holding(other, 1, { inOrder: true })
      inOrder.retry(first[0] as Handed, { at: other.clock.now() + MINUTE })
      const [newer] = await other.log.accept([draft('fresh')])
      const pulled = take(inOrder, 1)
      await other.clock.advance(MINUTE)
      const [again] = await pulled
      assert.deepEqual(again, { ...first[0], attempt: 2 })
      inOrder.ack(again)
      assert.deepEqual(seqsOf(await takeAll(other.log, inOrder, 1)), [newer?.seq])
    })
  },

  'lets no event overtake an older waiting one in order, even if both wait': async (bench) => {
    const { consumer, held } = await holding(bench, 2, { inOrder: true })
    const now = bench.clock.now()
    consumer.retry(held[0] as Handed, { at: now + 2 * MINUTE })
    consumer.retry(held[1] as Handed, { at: now + MINUTE })
    const pulled = take(consumer, 2)
    // Now the newer one is due, and the older one is not.
    await bench.clock.advance(MINUTE)
    await bench.clock.advance(MINUTE)
    assert.deepEqual(seqsOf(await pulled), seqsOf(held))
  },

  'keeps a parked event with its error, and does not hand it out': async (bench) => {
    const { consumer, held } = await holding(bench, 2)
    await bench.clock.advance(MINUTE)
    consumer.park(held[1] as Handed, { error: Object.assign(new Error('no'), { code: 'E' }) })
    consumer.park(held[0] as Handed, { error: 'just words' })
    await consumer.flush()
    const [first, second] = await list(consumer.parked())
    assert.deepEqual([first?.event, first?.attempts, first?.at], [held[0]?.event, 1, bench.clock.now()])
    assert.match(String(first?.error.message), /just words/)
    assert.deepEqual([second?.event, second?.error.message, second?.error.code], [held[1]?.event, 'no', 'E'])
    assert.deepEqual(await takeAll(bench.log, consumer), [])
  },

  'parks an event whatever was thrown': async (bench) => {
    const cycle: Record<string, unknown> = { name: 'N', message: 'M', big: 1n }
    cycle['self'] = cycle
    const thrown = [
      cycle,
      undefined,
      null,
      7n,
      Symbol('s'),
      () => 1,
      { message: 7 },
      Object.create(null),
      'x'.repeat(100_000),
    ]
    const { consumer, held } = await holding(bench, thrown.length)
    for (const [i, error] of thrown.entries()) consumer.park(held[i] as Handed, { error })
    await consumer.flush()
    const parked = await list(consumer.parked())
    assert.deepEqual(seqsOf(parked), seqsOf(held))
    for (const { error } of parked) {
      assert.equal(typeof error.message, 'string')
      assert(JSON.stringify(error).length < 10_000)
    }
  },

  'hands out a released event again as attempt 1, a dropped one never': async (bench) => {
    const { consumer, held } = await holding(bench, 3)
    const [a, b, c] = seqsOf(held) as [number, number, number]
    for (const handed of held) consumer.park(handed, { error: 'no' })
    assert.equal(await consumer.release(b), true)
    assert.equal(await consumer.drop(a), true)
    assert.deepEqual(await parkedOf(consumer), [c])
    const taken = await takeAll(bench.log, consumer, 1)
    assert.deepEqual(taken, [{ ...held[1], attempt: 1 }])
    assert.deepEqual([await consumer.release(b), await consumer.drop(b)], [false, false])
    assert.deepEqual([await consumer.release(a), await consumer.drop(a)], [false, false])
    assert.equal(await consumer.release(999_999), false)
  },

  'wakes a waiting pull when an event is released': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    consumer.park(held[0] as Handed, { error: 'no' })
    const pulled = take(consumer, 1)
    await consumer.release(held[0]?.event.seq as number)
    assert.deepEqual(seqsOf(await pulled), seqsOf(held))
  },

  'redelivers events on request, and counts each request': async (bench) => {
    const { consumer, held } = await holding(bench, 3)
    const [a, b, c] = held as [Handed, Handed, Handed]
    consumer.ack(a)
    consumer.park(b, { error: 'no' })
    consumer.retry(c, { at: bench.clock.now() + MINUTE })
    await consumer.redeliver([a.event.seq, b.event.seq])
    assert.deepEqual(await take(consumer, 2), [
      { ...a, replay: 1 },
      { ...b, replay: 1 },
    ])
    assert.deepEqual(await parkedOf(consumer), [])
    const [first, second] = [
      { ...a, replay: 1 },
      { ...b, replay: 1 },
    ]
    consumer.ack(first)
    consumer.retry(second, { at: bench.clock.now() })
    assert.deepEqual(await take(consumer, 1), [{ ...b, attempt: 2, replay: 1 }])
    const pulled = take(consumer, 1)
    await consumer.redeliver([a.event.seq], { at: bench.clock.now() + 1000 })
    await bench.clock.advance(1000)
    assert.deepEqual(await pulled, [{ ...a, replay: 2 }])
  },

  'stores what is written with a redelivery, or neither': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    const [a] = held as [Handed]
    consumer.ack(a)
    const values = bench.log.store('n')
    const writes = [{ namespace: 'n', key: 'k', value: 1 }]
    await assert.rejects(consumer.redeliver([a.event.seq, 999_999], { writes }), refused('TIDINGS_LOG_INVALID'))
    const wrong = [{ namespace: 'n', key: '', value: 1 }]
    await assert.rejects(consumer.redeliver([a.event.seq], { writes: wrong }), refused('TIDINGS_LOG_INVALID'))
    assert.deepEqual([(await consumer.lag()).retrying, await values.get('k')], [0, undefined])
    await consumer.redeliver([a.event.seq], { writes })
    assert.equal((await values.get('k'))?.value, 1)
    assert.deepEqual(await take(consumer, 1), [{ ...a, replay: 1 }])
  },

  'hands out no replay of an event whose type the consumer does not hear': async ({ log }) => {
    const told = await log.accept([draft('a'), draft('b', null, 'other'), draft('c')])
    const blind = await log.consumer('c', { start: 'now' })
    await blind.redeliver(told.map(({ seq }) => seq))
    const consumer = await log.consumer('c', { start: 'now', types: ['it'] })
    const handed = await takeAll(log, consumer, 2)
    assert.deepEqual(seqsOf(handed), [told[0]?.seq, told[2]?.seq])
    for (const each of handed) consumer.ack(each)
    assert.deepEqual(await consumer.lag(), { behind: 0, running: 0, retrying: 0, parked: 0 })
  },

  'keeps the replay of an event that is parked or retried': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    consumer.ack(held[0] as Handed)
    await consumer.redeliver(seqsOf(held))
    const [replayed] = await take(consumer, 1)
    consumer.park(replayed as Handed, { error: 'no' })
    await consumer.release(held[0]?.event.seq as number)
    assert.deepEqual(await take(consumer, 1), [{ ...held[0], replay: 1 }])
  },

  'rejects redelivery of an unknown event, or at an invalid time': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    const [first] = held as [Handed]
    for (const seq of [0, -1, 1.5, first.event.seq + 1, 'x', undefined])
      await assert.rejects(consumer.redeliver([first.event.seq, seq as number]), refused('TIDINGS_LOG_INVALID'))
    for (const at of [Number.NaN, '2027-01-01', null] as number[]) {
      await assert.rejects(consumer.redeliver([first.event.seq], { at }), refused('TIDINGS_LOG_INVALID'))
      assert.throws(() => consumer.retry(first, { at }), refused('TIDINGS_LOG_INVALID'))
    }
    assert.deepEqual(await consumer.lag(), { behind: 0, running: 1, retrying: 0, parked: 0 })
    consumer.ack(first)
    assert.deepEqual(await takeAll(bench.log, consumer), [])
  },

  'redelivers an event that is being handled after that delivery, not beside it': async (bench) => {
    const { consumer, held } = await holding(bench, 1)
    const [first] = held as [Handed]
    await consumer.redeliver([first.event.seq])
    assert.deepEqual(await takeAll(bench.log, consumer), [])
    consumer.ack(first)
    assert.deepEqual(await take(consumer, 1), [{ ...first, replay: 1 }])
  },

  'ignores results of an event that is settled already': async (bench) => {
    const { consumer, held } = await holding(bench, 2)
    const [a, b] = held as [Handed, Handed]
    consumer.ack(a)
    consumer.retry(a, { at: bench.clock.now() })
    consumer.park(a, { error: 'no' })
    consumer.park(b, { error: 'no' })
    consumer.ack(b)
    consumer.retry(b, { at: bench.clock.now() })
    await consumer.flush()
    assert.deepEqual(await takeAll(bench.log, consumer), [])
    assert.deepEqual(await parkedOf(consumer), [b.event.seq])
  },
}
