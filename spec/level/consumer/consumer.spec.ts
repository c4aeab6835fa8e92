import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '../../../lib/core/errors.ts'
import { LevelConsumerStore } from '../../../lib/level/consumer/level-consumer-store.ts'
import { keys } from '../../../lib/level/format/keys.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { LogConsumer } from '../../../lib/log/consumer/log-consumer.ts'
import type { Consumer, Handed, Writes } from '../../../lib/log/port.ts'
import { draft, draftsOf, list, refused, seqsOf, take, takeAll } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../../support/until.ts'
import { FaultySource, faultyLog, recovered } from '../faults.ts'

const { signal } = new AbortController()
const failed = refused('TIDINGS_LOG_FAILED')
const stateOf = ({ event }: Handed): Writes => [{ namespace: 'n', key: `${event.seq}`, value: 'done' }]

async function opened() {
  const source = new FaultySource()
  const clock = virtualClock()
  return { source, clock, ...(await faultyLog({ source, clock })) }
}

/** The unsettled events, and the events whose state was stored, according to a log opened over this store. */
async function leftIn(source: FaultySource): Promise<{ open: number[]; done: number[] }> {
  const { log } = await faultyLog({ source, clock: virtualClock() })
  const consumer = await log.consumer('c', { start: 'start' })
  const parked = await list(consumer.parked())
  const open = [...(await takeAll(log, consumer)), ...parked]
  const done: number[] = []
  for await (const { key } of log.store('n').list()) done.push(Number(key))
  await log.close()
  const sorted = (seqs: number[]): number[] => seqs.toSorted((a, b) => a - b)
  return { open: sorted(seqsOf(open)), done: sorted(done) }
}

describe('a consumer whose log is being closed', () => {
  for (const after of [0, 1, 2, 3, 5, 8]) {
    it(`keeps an ack with its state, or neither: ${after} microtasks after close() was called`, async () => {
      const { source, log } = await opened()
      await log.accept(draftsOf(4))
      const consumer = await log.consumer('c', { start: 'start' })
      const handed = await take(consumer, 3)
      const closed = log.close()
      for (let i = 0; i < after; i++) await Promise.resolve()
      for (const each of handed) consumer.ack(each, stateOf(each))
      await closed
      const { open, done } = await leftIn(source)
      assert.deepEqual([...done, ...open], [1, 2, 3, 4])
    })
  }

  it('makes durable at its flush what was acked before', async () => {
    const { source, log } = await opened()
    await log.accept(draftsOf(2))
    const consumer = await log.consumer('c', { start: 'start' })
    const [first] = (await take(consumer, 1)) as [Handed]
    const closed = log.close()
    consumer.ack(first, stateOf(first))
    await consumer.flush()
    await closed
    assert.deepEqual(await leftIn(source), { open: [2], done: [1] })
  })

  it('drops an ack with its state once the last commit was written', async () => {
    const { source, log } = await opened()
    await log.accept(draftsOf(1))
    const consumer = await log.consumer('c', { start: 'start' })
    const [first] = (await take(consumer, 1)) as [Handed]
    await log.close()
    consumer.ack(first, stateOf(first))
    assert.deepEqual(await leftIn(source), { open: [1], done: [] })
  })
})

describe('a consumer whose log fails while it hands out', () => {
  it('hands out what it had begun once the log has recovered', async () => {
    for (let after = 0; after < 25; after++) {
      const { source, clock, log: before } = await opened()
      await before.accept(draftsOf(9))
      await before.close()
      const { log } = await faultyLog({ source, clock })
      const consumer = await log.consumer('c', { start: 'start' })
      source.next('lose')
      const lost = assert.rejects(log.accept([draft('lost')]), failed)
      for (let i = 0; i < after; i++) await Promise.resolve()
      const pulled = take(consumer, 3)
      await lost
      assert.deepEqual(seqsOf(await pulled), [1, 2, 3], `${after} microtasks`)
      assert.deepEqual(seqsOf(await take(consumer, 6)), [4, 5, 6, 7, 8, 9])
      await log.close()
    }
  })

  it('loses nothing when a read fails: the next pull hands everything out', async () => {
    const { source, clock, log } = await opened()
    await log.accept(draftsOf(4))
    const before = await log.consumer('c', { start: 'start' })
    for (const each of await take(before, 2)) before.retry(each, { at: clock.now() })
    await log.close()
    const { log: again } = await faultyLog({ source, clock })
    const consumer = await again.consumer('c', { start: 'start' })
    source.failAt(1)
    await assert.rejects(consumer.pull(10, signal), /input\/output error/)
    assert.deepEqual(
      (await take(consumer, 4)).map(({ event, attempt }) => [event.seq, attempt]),
      [
        [1, 2],
        [2, 2],
        [3, 1],
        [4, 1],
      ],
    )
    await again.close()
  })

  it('keeps an ack with its state when the revision of the state cannot be read', async () => {
    const { source, log } = await opened()
    await log.accept(draftsOf(2))
    const consumer = await log.consumer('c', { start: 'start' })
    const [first] = (await take(consumer, 1)) as [Handed]
    source.failAt(1)
    consumer.ack(first, stateOf(first))
    await consumer.flush()
    await log.close()
    assert.deepEqual(await leftIn(source), { open: [2], done: [1] })
  })

  it('releases nothing when it cannot read the parked event', async () => {
    const { source, log } = await opened()
    await log.accept(draftsOf(1))
    const consumer = await log.consumer('c', { start: 'start' })
    for (const each of await take(consumer, 1)) consumer.park(each, { error: 'no' })
    await consumer.flush()
    source.failAt(1)
    await assert.rejects(consumer.release(1), /input\/output error/)
    assert.deepEqual(seqsOf(await list(consumer.parked())), [1])
    assert.equal(await consumer.release(1), true)
    await log.close()
  })
})

describe('a consumer that another one replaces', () => {
  it('is opened again by its own next pull when the other one cannot be opened', async () => {
    for (const fates of [['lose'], ['keep'], ['write', 'lose'], ['write', 'keep']] as const) {
      const { source, log } = await opened()
      await log.accept(draftsOf(3))
      const works = await log.consumer('c', { start: 'start' })
      const [first, second] = (await take(works, 2)) as [Handed, Handed]
      works.ack(first, stateOf(first))
      source.hold()
      source.next(...fates)
      const moved = log.consumer('c', { start: 1, move: true })
      await until(() => source.waiting > 0)
      // Too late: the event is handed out again.
      works.ack(second, stateOf(second))
      source.release()
      await assert.rejects(moved, failed)
      await until(() => log.state === 'ready')
      // The second event is in flight.
      await assert.rejects(works.pull(1, signal), failed)
      const replayed = fates[1] === 'keep' ? [1] : []
      assert.deepEqual(seqsOf(await take(works, 2 + replayed.length)), [...replayed, 2, 3], fates.join())
      await log.close()
      assert.deepEqual((await leftIn(source)).done, [1])
    }
  })

  it('takes no results of what it had handed out, and says so, when it is opened again by its own pull', async () => {
    const { source, log } = await opened()
    await log.accept(draftsOf(2))
    const works = await log.consumer('c', { start: 'start' })
    const [first, second] = (await take(works, 2)) as [Handed, Handed]
    source.hold()
    // The read after the write with which the consumer retires.
    source.failAt(3)
    const moved = log.consumer('c', { start: 1, move: true })
    await until(() => source.waiting > 0)
    works.ack(first, stateOf(first))
    source.release()
    await assert.rejects(moved, /input\/output error/)
    await assert.rejects(works.pull(2, signal), failed)
    works.ack(second, stateOf(second))
    assert.deepEqual(seqsOf(await take(works, 2)), [1, 2])
    await log.close()
    assert.deepEqual(await leftIn(source), { open: [1, 2], done: [] })
  })

  it('stays one consumer under one name when a rename fails', async () => {
    for (const fate of ['lose', 'keep'] as const) {
      const { source, log } = await opened()
      await log.accept(draftsOf(3))
      const works = await log.consumer('old', { start: 'start' })
      const [first] = (await take(works, 1)) as [Handed]
      works.ack(first)
      await works.flush()
      source.next('write', fate)
      await assert.rejects(log.consumer('new', { start: 'start', formerly: 'old' }), failed)
      await until(() => log.state === 'ready')
      if (fate === 'lose') assert.deepEqual(seqsOf(await take(works, 1)), [2])
      else await assert.rejects(works.pull(1, signal), refused('TIDINGS_LOG_CLOSED'))
      const again = await log.consumer('new', { start: 'start', formerly: 'old' })
      assert.deepEqual(seqsOf(await take(again, 2)), [2, 3], fate)
      const names = (await list(log.consumers())).map(({ name }) => name)
      assert.deepEqual(names, ['new'])
      await log.close()
    }
  })

  it('is steered and inspected through its successor', async () => {
    const { log } = await opened()
    await log.accept(draftsOf(3))
    const works = await log.consumer('c', { start: 'start' })
    for (const each of await take(works, 1)) works.park(each, { error: 'no' })
    const other = await log.consumer('c', { start: 'start' })
    await take(other, 2)
    assert.deepEqual(await works.lag(), { behind: 0, running: 2, retrying: 0, parked: 1 })
    assert.equal(await works.release(1), true)
    assert.deepEqual(seqsOf(await take(other, 1)), [1])
    await log.close()
  })
})

describe('a consumer that waits', () => {
  it('does not read or write for a commit without events of its types', async () => {
    const { source, clock, log } = await opened()
    const consumer = await log.consumer('c', { start: 'start', types: ['rare'] })
    const pulled = take(consumer, 1)
    const cursorOf = async (): Promise<unknown> => (await source.stored()).getSync(keys.consumer('c'))
    const before = await cursorOf()
    for (let i = 0; i < 20; i++) await log.accept([draft(`${i}`)])
    await clock.advance(1000)
    assert.equal(await cursorOf(), before)
    assert.equal((await consumer.lag()).behind, 0)
    const [heard] = await log.accept([draft('heard', null, 'rare')])
    assert.deepEqual(seqsOf(await pulled), [heard?.seq])
    await log.close()
    const { log: again } = await faultyLog({ source, clock })
    for await (const { cursor } of again.consumers()) assert.equal(cursor, 20)
    await again.close()
  })

  it('is not asked about a commit without events of its types, however many wait', async (t) => {
    const { log } = await opened()
    const types = Array.from({ length: 200 }, (_, i) => `type ${i}`)
    const stop = new AbortController()
    const consumers = await Promise.all(types.map((type) => log.consumer(type, { start: 'start', types: [type] })))
    const waiting = consumers.map((consumer) => consumer.pull(1, stop.signal))
    await log.accept([draft('first')])
    await until(async () =>
      (await Promise.all(consumers.map((each) => each.lag()))).every(({ behind }) => behind === 0),
    )
    await nextTurn()
    const { prototype: store } = LevelConsumerStore
    const { prototype: logic } = LogConsumer
    const calls = [
      ...(['read', 'readOne', 'save', 'collect', 'note'] as const).map((name) => t.mock.method(store, name)),
      ...(['committed', 'passed', 'collect', 'hears'] as const).map((name) => t.mock.method(logic, name)),
    ]
    for (let i = 0; i < 50; i++) await log.accept([draft(`${i}`, null, i === 0 ? 'type 7' : 'others')])
    const counted = (): number[] => calls.map(({ mock }) => mock.callCount())
    // Each was asked once whether it hears a type. One heard an event: it was told, read it, and noted it as in flight.
    assert.deepEqual(seqsOf(await (waiting[7] as (typeof waiting)[0])), [2])
    assert.deepEqual(counted(), [1, 0, 0, 0, 1, 1, 0, 0, 400])
    await log.accept([draft('heard', null, 'type 3')])
    assert.deepEqual(seqsOf(await (waiting[3] as (typeof waiting)[0])), [52])
    assert.deepEqual(counted(), [2, 0, 0, 0, 2, 2, 0, 0, 600])
    stop.abort()
    await Promise.all(waiting)
    await log.close()
  })

  it('hears an event that a failed commit has stored, though it rests and was not told', async () => {
    const { source, log } = await opened()
    const consumer = await log.consumer('c', { start: 'start', types: ['rare'] })
    const stop = new AbortController()
    const pulled = consumer.pull(1, stop.signal)
    await log.accept([draft('other')])
    stop.abort()
    assert.deepEqual(await pulled, [])
    source.next('keep')
    await assert.rejects(log.accept([draft('kept', null, 'rare')]), failed)
    await recovered(log)
    await log.accept([draft('another')])
    assert.deepEqual(seqsOf(await take(consumer, 1)), [2])
    assert.equal((await consumer.lag()).behind, 1)
    await log.close()
  })

  it('stores its cursor from time to time while it skips events', async () => {
    const { source, clock, log } = await opened()
    const consumer = await log.consumer('c', { start: 'start', types: ['rare'] })
    const stop = new AbortController()
    const pulled = consumer.pull(1, stop.signal)
    const before = (await source.stored()).getSync(keys.consumer('c'))
    for (let i = 0; i < 6; i++) await log.accept(draftsOf(400, `${i}, `))
    await clock.advance(1000)
    assert.notEqual((await source.stored()).getSync(keys.consumer('c')), before)
    stop.abort()
    await pulled
    await log.close()
  })
})

describe('a consumer behind large events', () => {
  it('reads ahead by their size: a pull hands out a few of them, and none is left out', async () => {
    const { source, clock, log: before } = await opened()
    for (let i = 0; i < 60; i++) await before.accept([draft(`${i}`, 'x'.repeat(200_000))])
    await before.close()
    const { log } = await faultyLog({ source, clock })
    const consumer = await log.consumer('c', { start: 'start' })
    const heard: number[] = []
    while (heard.length < 60) {
      const handed = await consumer.pull(1000, signal)
      assert.ok(handed.length > 0 && handed.length <= 6, `${handed.length} large events in one pull`)
      heard.push(...seqsOf(handed))
    }
    assert.deepEqual(
      heard,
      Array.from({ length: 60 }, (_, i) => i + 1),
    )
    await log.close()
  })
})

describe('a transient consumer', () => {
  it('keeps no event from a prune while it is not pulled from and its events are not handled', async () => {
    const { log } = await opened()
    await log.accept(draftsOf(5))
    const consumer = await log.consumer('c', { start: 'start', transient: true })
    const handed = await take(consumer, 2)
    assert.equal((await log.prune({ count: 0 })).removed, 0)
    for (const each of handed) consumer.ack(each)
    assert.equal((await log.prune({ count: 0 })).removed, 5)
    await log.close()
  })
})

/** Lets the event loop turn once. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Hands over between consumers, with acks at every moment, until the log is closed; the rest is not settled. */
async function life(log: LevelLog): Promise<void> {
  const patient = async <T>(act: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await act()
      } catch (error) {
        if (hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
        await nextTurn()
      }
    }
  }
  const open = (): Promise<Consumer> => patient(() => log.consumer('c', { start: 'start' }))
  const pull = (consumer: Consumer): Promise<readonly Handed[]> => patient(() => consumer.pull(3, signal))
  const first = await open()
  const a = (await pull(first)) as [Handed, Handed, Handed]
  first.ack(a[0], stateOf(a[0]))
  first.park(a[1], { error: 'no' })
  const second = await open()
  const taken = pull(second)
  await nextTurn()
  first.ack(a[2], stateOf(a[2]))
  const b = await taken
  first.ack(a[1], stateOf(a[1]))
  await patient(() => first.flush())
  for (const each of b) second.ack(each, stateOf(each))
  await patient(() => second.release(a[1].event.seq))
  const moved = await patient(() => log.consumer('c', { start: 4, move: true }))
  const c = await pull(moved)
  const closed = log.close()
  for (const each of c) moved.ack(each, stateOf(each))
  await closed
}

describe('a consumer, whichever operation of the store fails', () => {
  it('loses nothing, and stores no state without its ack and no ack without its state', async () => {
    let n = 1
    for (; ; n++) {
      const { source, clock, log } = await opened()
      await log.accept(draftsOf(12))
      source.failAt(n)
      const over = life(log).catch((error: unknown) => {
        if (!hasCode(error, 'TIDINGS_LOG_FAILED')) throw error
      })
      let going = true
      void over.finally(() => (going = false)).catch(() => undefined)
      // The store reopens after a pause.
      while (going) {
        await nextTurn()
        await clock.advance(50)
      }
      await over
      await log.close().catch(() => undefined)
      const operations = source.operations
      source.failAt(0)
      const { open, done } = await leftIn(source)
      const all = [...new Set([...done, ...open])].sort((x, y) => x - y)
      assert.deepEqual(all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], `operation ${n}`)
      if (operations < n) break
    }
    assert.ok(n > 20, `there are only ${n} operations`)
  })
})
