import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Receipt } from '../../../lib/core/event.ts'
import { draft, draftsOf, seqs, take } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog, recovered, writeBegun } from '../faults.ts'

describe('a commit', () => {
  it('is on disk before its publishers are answered: the first, and those of duplicates', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { begun } = source
    source.hold()
    const told: Receipt[] = []
    const publish = async (): Promise<void> => void told.push(...(await log.accept([draft('1')])))
    const all = Array.from({ length: 20 }, publish)
    await writeBegun(source, begun + 1)
    assert.deepEqual(told, [])
    assert.equal(await log.last(), 0)
    assert.equal(await log.get('it', '1'), undefined)
    assert.deepEqual(told, [])
    source.release()
    await Promise.all(all)
    assert.equal(told.length, 20)
    assert.equal(told.filter(({ status }) => status === 'new').length, 1)
    assert.equal(told.filter(({ status }) => status === 'duplicate').length, 19)
    assert(told.every(({ seq }) => seq === 1))
    assert.equal(source.synced, source.writes)
    await log.close()
  })

  it('of a duplicate is that of its event, and not a later one', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { begun } = source
    source.hold()
    const first = log.accept([draft('1')])
    await writeBegun(source, begun + 1)
    const duplicate = log.accept([draft('1')])
    const later = log.accept([draft('2')])
    let told = false
    void later.then(() => (told = true))
    source.release()
    source.hold()
    assert.deepEqual(await duplicate, [{ status: 'duplicate', seq: 1 }])
    await first
    await writeBegun(source, begun + 2)
    assert.equal(told, false)
    source.release()
    await later
    await log.close()
  })

  it('takes everything added while the last one was written, and begins before its publishers are answered', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { begun, writes } = source
    source.hold()
    const first = log.accept([draft('first')])
    await writeBegun(source, begun + 1)
    const rest = draftsOf(400).map((each) => log.accept([each]))
    source.release()
    source.hold()
    await first
    // The second commit: one batch for 400 publishers.
    await writeBegun(source, begun + 2)
    source.release()
    await Promise.all(rest)
    assert.equal(source.writes - writes, 2)
    await log.close()
  })

  it('never holds only a part of one accept, however large', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.next('write', 'lose')
    await log.accept([draft('first')])
    const [large, small] = await Promise.allSettled([log.accept(draftsOf(5000)), log.accept(draftsOf(3, 'small '))])
    assert.deepEqual([large.status, small.status], ['rejected', 'rejected'])
    await recovered(log)
    await log.close()
    const { log: again } = await faultyLog({ source, clock: virtualClock() })
    assert.deepEqual(await seqs(again), [1])
    await again.close()
  })

  it('carries acks within 50 ms when nothing else is written', async () => {
    const source = new FaultySource()
    const clock = virtualClock()
    const { log } = await faultyLog({ source, clock })
    await log.accept(draftsOf(2))
    const consumer = await log.consumer('c', { start: 'start' })
    const handed = await take(consumer, 2)
    const { writes } = source
    for (const each of handed) consumer.ack(each)
    await clock.advance(49)
    assert.equal(source.writes, writes)
    await clock.advance(1)
    assert.equal(source.writes, writes + 1)
    await clock.advance(1000)
    assert.equal(source.writes, writes + 1)
    assert.equal(clock.timers, 0)
    await log.close()
  })

  it('carries acks along with other writes', async () => {
    const source = new FaultySource()
    const clock = virtualClock()
    const { log } = await faultyLog({ source, clock })
    await log.accept(draftsOf(2))
    const consumer = await log.consumer('c', { start: 'start' })
    for (const handed of await take(consumer, 2)) consumer.ack(handed)
    const { writes } = source
    await log.accept([draft('other')])
    await clock.advance(1000)
    assert.equal(source.writes, writes + 1)
    await log.close()
    const { log: again } = await faultyLog({ source, clock })
    const infos = []
    for await (const { cursor } of again.consumers()) infos.push(cursor)
    assert.deepEqual(infos, [2])
    await again.close()
  })

  it('is synced only at close with relaxed durability', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock(), durability: 'process' })
    const { synced } = source
    await log.accept(draftsOf(5))
    assert.equal(source.synced, synced)
    await log.close()
    assert.equal(source.synced, synced + 1)
  })
})

describe('the queue of an accept', () => {
  it('takes 10 000 drafts; then publishers wait, in the order of their calls', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { begun } = source
    source.hold()
    const answers = Array.from({ length: 12_000 }, (_, i) => log.accept([draft(`${i}`, i)]))
    const overtaking: Promise<readonly Receipt[]>[] = []
    // Each of the first 9 000 publishes once more as soon as it is answered, while others still wait.
    for (const [i, answer] of answers.slice(0, 9000).entries()) {
      void answer.then(() => overtaking.push(log.accept([draft(`again ${i}`, 12_000 + i)])))
    }
    await writeBegun(source, begun + 1)
    // Beyond the limit, drafts are not decided yet, and have no seq.
    const late = log.accept([draft('11999')])
    source.release()
    const receipts = await Promise.all(answers)
    assert.deepEqual(
      receipts.map(([receipt]) => receipt?.seq),
      Array.from({ length: 12_000 }, (_, i) => i + 1),
    )
    assert.deepEqual(await late, [{ status: 'duplicate', seq: 12_000 }])
    const rest = await Promise.all(overtaking)
    assert.equal(rest.length, 9000)
    assert(rest.every(([receipt]) => (receipt?.seq ?? 0) > 12_000))
    await log.close()
  })

  it('rejects waiting publishers when the log is closed', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { begun } = source
    source.hold()
    const answers = Array.from({ length: 10_600 }, (_, i) => log.accept([draft(`${i}`)]))
    await writeBegun(source, begun + 1)
    const closed = log.close()
    source.release()
    const settled = await Promise.allSettled(answers)
    await closed
    const accepted = settled.filter(({ status }) => status === 'fulfilled').length
    assert(accepted >= 10_000 && accepted < 10_600)
    for (const each of settled.slice(accepted)) {
      assert(each.status === 'rejected' && (each.reason as { code: string }).code === 'TIDINGS_LOG_CLOSED')
    }
  })
})
