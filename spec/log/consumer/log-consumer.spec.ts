import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConsumerHandle } from '../../../lib/log/consumer/consumer-handle.ts'
import type { LogConsumer } from '../../../lib/log/consumer/log-consumer.ts'
import type { Consumer, Handed } from '../../../lib/log/port.ts'
import { list, refused, seqsOf } from '../../../lib/testing/log-bench.ts'
import { ArrayStore, closedForNow } from './array-store.ts'

const { signal } = new AbortController()

async function opened(events: number): Promise<{ readonly store: ArrayStore; readonly consumer: LogConsumer }> {
  const store = new ArrayStore()
  store.publish(events)
  return { store, consumer: await store.open() }
}

const pull = async (consumer: Consumer, max: number): Promise<Handed[]> => [...(await consumer.pull(max, signal))]

describe('a consumer over any store', () => {
  it('hands out, retries and parks events, and remembers them over a restart', async () => {
    const { store, consumer } = await opened(5)
    const [done, waits, parked, open] = (await pull(consumer, 4)) as [Handed, Handed, Handed, Handed]
    consumer.ack(done)
    consumer.retry(waits, { at: store.clock.now() + 1000, error: new Error('later') })
    consumer.park(parked, { error: new Error('no') })
    await consumer.flush()
    const again = await store.open()
    assert.equal(again.suspects, 1)
    assert.deepEqual(await pull(again, 1), [{ event: open.event, attempt: 1, crashes: 0 }])
    assert.deepEqual(seqsOf(await list(again.parked())), [3])
    assert.deepEqual(seqsOf(await pull(again, 5)), [5])
    const due = again.pull(5, signal)
    await store.clock.advance(1000)
    assert.deepEqual(await due, [{ event: waits.event, attempt: 2 }])
    assert.equal(await again.release(3), true)
    assert.deepEqual(await pull(again, 5), [{ event: parked.event, attempt: 1 }])
    assert.deepEqual(await again.lag(), { behind: 0, running: 4, retrying: 0, parked: 0 })
  })

  it('stores the cursor, the records and the state of its results in one commit', async () => {
    const { store, consumer } = await opened(3)
    const [first, second] = (await pull(consumer, 2)) as [Handed, Handed]
    consumer.ack(first, [{ namespace: 'n', key: 'k', value: 1 }])
    consumer.park(second, { error: 'no' }, [{ namespace: 'n', key: 'k', value: 2 }])
    await consumer.flush()
    assert.deepEqual(
      store.commits.map(({ records, state }) => [records.map(({ kind }) => kind).sort(), state]),
      [[['cursor', 'parked'], [['n/k', '2']]]],
    )
  })

  it('commits again what a failed commit had in it, under later changes', async () => {
    const { store, consumer } = await opened(3)
    const [first, second] = (await pull(consumer, 2)) as [Handed, Handed]
    consumer.ack(first, [{ namespace: 'n', key: 'k', value: 1 }])
    store.failsWith = closedForNow
    await assert.rejects(consumer.flush(), closedForNow)
    consumer.ack(second, [{ namespace: 'n', key: 'l', value: 2 }])
    await consumer.flush()
    assert.deepEqual([...store.state], Object.entries({ 'n/k': '1', 'n/l': '2' }))
    assert.deepEqual(seqsOf(await pull(await store.open(), 5)), [3])
  })

  it('waits for a store that is closed after a failed write, and rejects with any other error', async () => {
    const { store, consumer } = await opened(2)
    store.failsWith = closedForNow
    assert.deepEqual(seqsOf(await pull(consumer, 1)), [1])
    store.failsWith = new Error('input/output error')
    await assert.rejects(consumer.pull(1, signal), /input\/output error/)
    assert.deepEqual(seqsOf(await pull(consumer, 1)), [2])
  })

  it('takes nothing once it has retired: a handle asks its successor', async () => {
    const { store, consumer } = await opened(2)
    const [first, second] = (await pull(consumer, 2)) as [Handed, Handed]
    consumer.park(first, { error: 'no' })
    const handle = new ConsumerHandle(consumer, { isOwn: true, origin: 'known' }, async () => {
      const next = await store.open()
      consumer.replacedBy(next)
      return next
    })
    // It retires while it reads the parked event.
    const released = handle.release(1)
    await consumer.retire()
    consumer.ack(second)
    await assert.rejects(consumer.release(1), refused('TIDINGS_LOG_CLOSED'))
    assert.equal(await released, true)
    const { next } = consumer
    assert.ok(next !== undefined)
    assert.deepEqual(seqsOf(await pull(next, 5)), [1, 2])
  })
})
