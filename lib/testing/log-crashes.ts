import assert from 'node:assert/strict'
import { HOUR } from '../core/time-units.ts'
import type { Consumer, Handed, Log } from '../log/port.ts'
import { type Bench, draftsOf, type LogTests, seqsOf, take, takeAll } from './log-bench.ts'

const open = (log: Log): Promise<Consumer> => log.consumer('c', { start: 'start' })

/** Returns a consumer that holds the first `count` of `total` events. */
async function holding({ log }: Bench, count: number, total: number): Promise<{ consumer: Consumer; held: Handed[] }> {
  await log.accept(draftsOf(total))
  const consumer = await open(log)
  return { consumer, held: await take(consumer, count) }
}

/** What a consumer must remember of events that were in flight when the process died. */
export const crashTests: LogTests = {
  'suspects the events that were in flight when the process died, and hands them out first': async (bench) => {
    const { consumer, held } = await holding(bench, 3, 5)
    assert.equal(consumer.suspects, 0)
    const again = await open(await bench.reopen('crash'))
    assert.equal(again.suspects, 3)
    for (const [i, { event }] of held.entries()) {
      const [alone] = await take(again, 1)
      assert.deepEqual(alone, { event, attempt: 1, crashes: 0 })
      assert.equal(again.suspects, 2 - i)
      again.ack(alone)
    }
    assert.deepEqual(
      (await takeAll(bench.log, again, 2)).map(({ event, crashes }) => [event.seq, crashes]),
      [4, 5].map((place) => [(held[2]?.event.seq ?? 0) + place - 3, undefined]),
    )
  },

  'counts each crash with an event alone in flight, and clears it once the process survives it': async (bench) => {
    await holding(bench, 1, 1)
    for (let deaths = 0; deaths < 3; deaths++) {
      const [alone] = await take(await open(await bench.reopen('crash')), 1)
      assert.equal(alone?.crashes, deaths)
    }
    const consumer = await open(await bench.reopen('crash'))
    const [alone] = await take(consumer, 1)
    assert.equal(alone?.crashes, 3)
    consumer.retry(alone, { at: bench.clock.now() })
    await consumer.flush()
    const [again] = await take(consumer, 1)
    assert.deepEqual([again?.attempt, again?.crashes], [2, undefined])
  },

  'a suspect that was handled alone is cleared before the next is handed out': async (bench) => {
    const { held } = await holding(bench, 3, 3)
    const again = await open(await bench.reopen('crash'))
    const [innocent] = await take(again, 1)
    again.ack(innocent as Handed)
    await take(again, 1)
    const last = await open(await bench.reopen('crash'))
    assert.equal(last.suspects, 1)
    assert.deepEqual(
      [...(await take(last, 1)), ...(await take(last, 1))],
      [
        { event: held[1]?.event, attempt: 1, crashes: 1 },
        { event: held[2]?.event, attempt: 1 },
      ],
    )
  },

  'keeps an event settled although older events were still being handled at the crash': async (bench) => {
    const { consumer, held } = await holding(bench, 5, 7)
    const count = { namespace: 'n', key: 'k', value: 1 }
    for (const place of [1, 2, 4]) consumer.ack(held[place] as Handed, [count])
    await consumer.flush()
    const again = await open(await bench.reopen('crash'))
    assert.equal(again.suspects, 2)
    const [first] = await take(again, 1)
    again.ack(first as Handed, [count])
    await again.flush()
    const last = await open(await bench.reopen('crash'))
    const left = [held[3]?.event.seq, (held[4]?.event.seq ?? 0) + 1, (held[4]?.event.seq ?? 0) + 2]
    assert.deepEqual(seqsOf(await takeAll(bench.log, last, 3)), left)
  },

  'hands out again an event between suspects whose ack was not stored': async (bench) => {
    await bench.log.accept(draftsOf(6))
    const consumer = await open(bench.log)
    const [first, second] = await take(consumer, 2)
    consumer.ack(second as Handed)
    // That ack is not stored yet; this pull stores what is in flight now.
    await take(consumer, 2)
    const again = await open(await bench.reopen('crash'))
    assert.equal(again.suspects, 3)
    const seqs = Array.from({ length: 6 }, (_, i) => (first?.event.seq ?? 0) + i)
    assert.deepEqual(
      seqsOf(await takeAll(bench.log, again, 6)).toSorted((a, b) => a - b),
      seqs,
    )
  },

  'suspects nothing after a clean close': async (bench) => {
    const { held } = await holding(bench, 3, 3)
    const again = await open(await bench.reopen('close'))
    assert.equal(again.suspects, 0)
    assert.deepEqual(await takeAll(bench.log, again, 3), held)
  },

  'does not suspect settled, parked or waiting events': async (bench) => {
    const { consumer, held } = await holding(bench, 4, 4)
    const [done, parked, waits, running] = held as [Handed, Handed, Handed, Handed]
    consumer.ack(done)
    consumer.park(parked, { error: 'no' })
    consumer.retry(waits, { at: bench.clock.now() + HOUR })
    await consumer.flush()
    const again = await open(await bench.reopen('crash'))
    assert.equal(again.suspects, 1)
    assert.deepEqual(seqsOf(await takeAll(bench.log, again, 1)), [running.event.seq])
    const pulled = take(again, 1)
    await bench.clock.advance(HOUR)
    assert.deepEqual(await pulled, [{ event: waits.event, attempt: 2 }])
  },

  'suspects nothing if no event was handed out': async (bench) => {
    await bench.log.accept(draftsOf(3))
    await open(bench.log)
    assert.equal((await open(await bench.reopen('crash'))).suspects, 0)
  },
}
