import assert from 'node:assert/strict'
import type { Consumer, Handed, Log, Writes } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { type Bench, draftsOf, type LogTests, law, list, seqsOf, take, takeAll } from './log-bench.ts'

const NAMESPACE = 'handled'

/** The state that a handler writes for this event. */
const stateOf = ({ event }: Handed): Writes => [{ namespace: NAMESPACE, key: `${event.seq}`, value: true }]

const open = (log: Log): Promise<Consumer> => log.consumer('c', { start: 'start' })

async function handled(log: Log): Promise<number[]> {
  return (await list(log.store(NAMESPACE).list())).map(({ key }) => Number(key)).sort((a, b) => a - b)
}

/** Waits this many turns of the event loop, in which a store can make progress. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Asserts that every event is settled with its state, or has no state and is handed out again. */
async function assertWhole({ log }: Bench, total: number): Promise<void> {
  const done = await handled(log)
  const again = seqsOf(await takeAll(log, await open(log), total - done.length))
  assert.deepEqual(
    [...done, ...again].sort((a, b) => a - b),
    (await list(log.events({ types: ['it'] }))).map(({ seq }) => seq),
  )
}

const moments = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 })

/** The guarantees about a consumer that is opened a second time. */
export const takeoverTests: LogTests = {
  'gives the events to the opening of a consumer that pulls last, and neither loses nor repeats any': law(
    fc.array(fc.record({ takes: fc.integer({ min: 1, max: 4 }), acks: fc.nat({ max: 4 }), changes: fc.boolean() }), {
      minLength: 2,
      maxLength: 12,
    }),
    async ({ log }, steps) => {
      await log.accept(draftsOf(10))
      let consumer = await open(log)
      const former: { consumer: Consumer; handed: Handed }[] = []
      let held: Handed[] = []
      for (const { takes, acks, changes } of steps) {
        const ready = (await consumer.lag()).behind
        held.push(...(await take(consumer, Math.min(takes, ready))))
        for (const handed of held.splice(0, acks)) consumer.ack(handed, stateOf(handed))
        if (!changes) continue
        const next = await open(log)
        former.push(...held.map((handed) => ({ consumer, handed })))
        const [first] = held.length > 0 || (await consumer.lag()).behind > 0 ? await take(next, 1) : []
        if (first === undefined) continue
        // Calls on the previous consumers have no effect.
        for (const { consumer: one, handed } of former) one.ack(handed, stateOf(handed))
        consumer = next
        held = [first]
      }
      await consumer.flush()
      const done = await handled(log)
      const last = await open(log)
      const rest = seqsOf(await takeAll(log, last, 10 - done.length))
      assert.equal(done.length + rest.length, 10, `${done.join()} are handled, ${rest.join()} are handed out`)
      assert.equal(new Set([...done, ...rest]).size, 10)
    },
  ),
}

/** The guarantees that must last. */
export const lastingTakeoverTests: LogTests = {
  'takes no writes of a consumer that was taken over, so a crash loses nothing that is in flight': law(
    fc.record({ during: moments, after: moments, says: fc.constantFrom('ack', 'retry', 'park', 'flush') }),
    async (bench, { during, after, says }) => {
      const { log, clock } = bench
      await log.accept(draftsOf(10))
      const former = await open(log)
      const held = await take(former, 8)
      const say = async (n: number): Promise<void> => {
        const each = held[n % held.length] as Handed
        if (says === 'ack') former.ack(each, stateOf(each))
        else if (says === 'retry') former.retry(each, { at: clock.now() })
        else if (says === 'park') former.park(each, { error: 'no' })
        else await former.flush()
      }
      const next = await open(log)
      const taken = take(next, 1)
      for (const n of during) {
        await turns(n % 3)
        await say(n)
      }
      const [first] = (await taken) as [Handed]
      for (const n of after) await say(n)
      await former.flush()
      next.ack(first, stateOf(first))
      await next.flush()
      await bench.reopen('crash')
      for await (const { event } of (await open(bench.log)).parked()) await (await open(bench.log)).release(event.seq)
      await assertWhole(bench, 10)
    },
  ),

  'keeps an ack during close() with its state, or hands its event out again': law(
    fc.tuple(moments, fc.boolean()),
    async (bench, [waits, flushes]) => {
      await bench.log.accept(draftsOf(8))
      const consumer = await open(bench.log)
      const held = await take(consumer, 6)
      const closed = bench.log.close()
      for (const [i, each] of held.entries()) {
        await turns((waits[i] ?? 0) % 4)
        consumer.ack(each, stateOf(each))
        // A consumer that was closed meanwhile may reject.
        if (flushes) void consumer.flush().catch(() => undefined)
      }
      await closed
      await bench.reopen('close')
      await assertWhole(bench, 8)
    },
  ),
}
