import assert from 'node:assert/strict'
import { MINUTE } from '../core/time-units.ts'
import type { Consumer, Handed } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { accept1, type Bench, draft, draftsOf, type LogTests, law, list, seqsOf, take, takeAll } from './log-bench.ts'
import { recovers } from './log-recovery-law.ts'

/** What may happen to a consumer of rare events. A consumer stores its cursor only now and then while others come. */
const STEPS = ['others', 'rare', 'pull', 'crash', 'close'] as const

const open = ({ log }: Bench): Promise<Consumer> => log.consumer('c', { start: 'start' })

/** What a consumer must remember after its log was closed or has crashed. */
export const recoveryTests: LogTests = {
  'loses nothing, repeats nothing and keeps what was flushed settled after any close or crash': recovers,

  'hears every event of its types in order, however often it rests while others come, over closes and crashes': law(
    fc.array(fc.constantFrom(...STEPS), { maxLength: 30 }),
    async (bench, steps) => {
      const rare = (): Promise<Consumer> => bench.log.consumer('c', { start: 'start', types: ['rare'] })
      const told: number[] = []
      const heard = new Set<number>()
      let consumer = await rare()
      const pull = async (): Promise<void> => {
        for (const handed of await takeAll(bench.log, consumer)) {
          heard.add(handed.event.seq)
          consumer.ack(handed)
        }
      }
      for (const [i, step] of steps.entries()) {
        if (step === 'others') await bench.log.accept(draftsOf(700, `${i}: `))
        else if (step === 'rare') told.push((await accept1(bench.log, draft(`${i}`, null, 'rare'))).seq)
        else if (step === 'pull') await pull()
        else {
          await bench.reopen(step)
          consumer = await rare()
        }
      }
      await pull()
      assert.deepEqual([...heard], told)
    },
  ),

  'hands out again after a crash only what was not flushed': async (bench) => {
    await bench.log.accept(draftsOf(10))
    const consumer = await open(bench)
    const held = await take(consumer, 8)
    for (const handed of held.slice(0, 5)) consumer.ack(handed)
    await consumer.flush()
    await bench.reopen('crash')
    const again = await takeAll(bench.log, await open(bench), 5)
    assert.deepEqual(seqsOf(again).slice(0, 3), seqsOf(held.slice(5)))
    assert.equal(again.length, 5)
  },

  'makes every ack durable when it is closed': async (bench) => {
    await bench.log.accept(draftsOf(6))
    const consumer = await open(bench)
    for (const handed of await take(consumer, 6)) consumer.ack(handed)
    await bench.reopen('close')
    assert.deepEqual(await takeAll(bench.log, await open(bench)), [])
  },

  'remembers that it skipped events of other types': async (bench) => {
    await bench.log.accept(draftsOf(50))
    const consumer = await bench.log.consumer('c', { start: 'start', types: ['other'] })
    assert.deepEqual(await takeAll(bench.log, consumer), [])
    const last = await bench.log.last()
    const log = await bench.reopen('close')
    assert.deepEqual(
      (await list(log.consumers())).map(({ cursor }) => cursor),
      [last],
    )
  },

  'keeps the count of attempts and the next due time over a crash': async (bench) => {
    await bench.log.accept([draft('1')])
    let consumer = await open(bench)
    for (let attempt = 1; attempt <= 4; attempt++) {
      const pulled = take(consumer, 1)
      await bench.clock.advance(attempt === 1 ? 0 : MINUTE)
      const [handed] = await pulled
      assert(handed !== undefined)
      assert.equal(handed.attempt, attempt)
      consumer.retry(handed, { at: bench.clock.now() + MINUTE, error: new Error(`attempt ${attempt}`) })
      await consumer.flush()
      await bench.reopen('crash')
      consumer = await open(bench)
      assert.deepEqual(await takeAll(bench.log, consumer), [])
      const [waiting] = await list(consumer.retrying())
      assert.deepEqual([waiting?.attempts, waiting?.error?.message], [attempt, `attempt ${attempt}`])
    }
  },

  'continues to count replays after a crash': async (bench) => {
    const [receipt] = await bench.log.accept([draft('1')])
    const consumer = await open(bench)
    for (const handed of await take(consumer, 1)) consumer.ack(handed)
    await consumer.flush()
    await consumer.redeliver([receipt?.seq as number])
    await bench.reopen('crash')
    const second = await open(bench)
    const [first] = await take(second, 1)
    assert.equal(first?.replay, 1)
    second.ack(first)
    await second.redeliver([receipt?.seq as number])
    assert.equal((await take(second, 1))[0]?.replay, 2)
  },

  'redelivers an event that was requested while it was handled, even after a crash': async (bench) => {
    const [receipt] = await bench.log.accept([draft('1')])
    const consumer = await open(bench)
    const [first] = await take(consumer, 1)
    await consumer.redeliver([receipt?.seq as number])
    consumer.ack(first as Handed)
    await consumer.flush()
    await bench.reopen('crash')
    assert.deepEqual(
      (await takeAll(bench.log, await open(bench), 1)).map(({ replay }) => replay),
      [1],
    )
  },

  'hands out a waiting or parked event neither as new nor before an older one that was being handled': async (
    bench,
  ) => {
    await bench.log.accept(draftsOf(5))
    const consumer = await open(bench)
    const [oldest, waits, parked, newest] = (await take(consumer, 4)) as [Handed, Handed, Handed, Handed]
    consumer.retry(waits, { at: bench.clock.now() })
    consumer.park(parked, { error: 'no' })
    await bench.reopen('close')
    const second = await open(bench)
    for (const expected of [oldest, { ...waits, attempt: 2 }, newest]) {
      assert.deepEqual(await take(second, 1), [expected])
    }
    assert.equal((await takeAll(bench.log, second, 1)).length, 1)
  },

  'stores state with its ack': async (bench) => {
    await bench.log.accept([draft('1')])
    const consumer = await open(bench)
    const [handed] = await take(consumer, 1)
    consumer.ack(handed as Handed, [{ namespace: 'n', key: 'k', value: [1] }])
    assert.deepEqual((await bench.log.store('n').get('k'))?.value, [1])
    const log = await bench.reopen('crash')
    const stored = (await log.store('n').get('k')) !== undefined
    // Both are durable together, or neither is.
    assert.equal((await takeAll(bench.log, await open(bench), stored ? 0 : 1)).length, stored ? 0 : 1)
  },

  'a consumer is adopted under a new name with its cursor, its retries and its parked events': async (bench) => {
    await bench.log.accept(draftsOf(6))
    const old = await bench.log.consumer('old', { start: 'start' })
    const [a, b, c] = (await take(old, 4)) as [Handed, Handed, Handed]
    old.ack(a)
    old.retry(b, { at: bench.clock.now(), error: 'later' })
    old.park(c, { error: 'never' })
    await old.redeliver([a.event.seq])
    await bench.reopen('close')
    const renamed = await bench.log.consumer('new', { start: 'now', formerly: 'old' })
    assert.equal(renamed.origin, 'renamed')
    assert.deepEqual(seqsOf(await list(renamed.parked())), [c.event.seq])
    const handed = await takeAll(bench.log, renamed, 5)
    assert.deepEqual(handed.slice(0, 2), [
      { ...a, replay: 1 },
      { ...b, attempt: 2 },
    ])
    assert.equal(handed.length, 5)
    assert.deepEqual(
      (await list(bench.log.consumers())).map(({ name }) => name),
      ['new'],
    )
    await renamed.redeliver([a.event.seq])
    const log = await bench.reopen('close')
    const known = await log.consumer('new', { start: 'now', formerly: 'old' })
    assert.equal(known.origin, 'known')
    assert.equal((await takeAll(bench.log, known, 5)).find(({ event }) => event.seq === a.event.seq)?.replay, 2)
    assert.equal((await log.consumer('old', { start: 'now' })).origin, 'new')
  },
}
