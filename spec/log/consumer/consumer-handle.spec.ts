import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog } from '../../../lib/level/open-log.ts'
import type { Consumer, Handed, Log } from '../../../lib/log/port.ts'

const { signal } = new AbortController()
const draftsOf = (...numbers: number[]) => numbers.map((n) => ({ type: 'made', identifier: String(n), data: n }))
const seqs = (handed: readonly Handed[]): number[] => handed.map(({ event }) => event.seq)
const open = (log: Log): Promise<Consumer> => log.consumer('hear', { start: 'start' })

async function parkedOf(consumer: Consumer): Promise<number[]> {
  const found: number[] = []
  for await (const { event } of consumer.parked()) found.push(event.seq)
  return found
}

describe('a consumer that is opened a second time', () => {
  it('continues while the second opening only inspects it: events in flight are not handed out again', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(1, 2, 3, 4))
    const works = await open(log)
    const handed = await works.pull(3, signal)
    for (let look = 0; look < 3; look++) assert.deepEqual(await parkedOf(await open(log)), [])
    for (const each of handed) works.ack(each)
    assert.deepEqual(seqs(await works.pull(10, signal)), [4])
    await works.flush()
    for await (const { cursor, lag } of log.consumers()) {
      assert.deepEqual([cursor, lag], [3, { behind: 0, running: 1, retrying: 0, parked: 0 }])
    }
    assert.deepEqual(seqs(await (await open(log)).pull(10, signal)), [4])
  })

  it('is steered through the second opening', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(1, 2, 3))
    const works = await open(log)
    const error = new Error('no')
    for (const each of await works.pull(10, signal)) works.park(each, { error })
    const other = await open(log)
    const next = works.pull(10, signal)
    assert.equal(await other.release(2), true)
    assert.deepEqual(
      (await next).map(({ event, attempt }) => [event.seq, attempt]),
      [[2, 1]],
    )
    assert.equal(await other.drop(3), true)
    assert.deepEqual([await parkedOf(works), await parkedOf(other)], [[1], [1]])
    assert.deepEqual(await other.lag(), await works.lag())
    const again = works.pull(10, signal)
    await other.redeliver([1])
    assert.deepEqual(seqs(await again), [1])
  })

  it('tells those who watch of each result and each take-over, and nothing when they begin to watch', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(1, 2, 3))
    const works = await open(log)
    const [first, second] = (await works.pull(2, signal)) as [Handed, Handed]
    const other = await open(log)
    const seen = { works: 0, other: 0 }
    works.changes$.subscribe(() => (seen.works += 1))
    other.changes$.subscribe(() => (seen.other += 1))
    assert.deepEqual(seen, { works: 0, other: 0 })
    works.ack(first)
    works.park(second, { error: new Error('no') })
    assert.deepEqual(seen, { works: 2, other: 2 })
    await other.pull(1, signal)
    assert.ok(seen.other > 2)
  })

  it('takes no results once the second one pulls, which gets the unsettled events', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(1, 2, 3))
    const works = await open(log)
    const [first, second] = (await works.pull(2, signal)) as [Handed, Handed]
    works.ack(first)
    const other = await open(log)
    assert.deepEqual(seqs(await other.pull(10, signal)), [2, 3])
    works.park(second, { error: new Error('late') })
    assert.deepEqual(await parkedOf(other), [])
    assert.equal((await other.lag()).running, 2)
  })

  it('is replaced once, even by concurrent pulls', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(1, 2, 3))
    await open(log)
    const other = await open(log)
    const pulled = await Promise.all([other.pull(2, signal), other.pull(1, signal)])
    assert.deepEqual(pulled.flatMap(seqs), [1, 2, 3])
  })

  it('rejects a waiting pull once the second one pulls', async () => {
    await using log = await memoryLog()
    const works = await open(log)
    const waits = assert.rejects(works.pull(1, signal), {
      code: 'TIDINGS_LOG_CLOSED',
      message: /"hear" was opened again/,
    })
    const other = await open(log)
    const pulled = other.pull(1, signal)
    await waits
    await log.accept(draftsOf(1))
    assert.deepEqual(seqs(await pulled), [1])
  })
})
