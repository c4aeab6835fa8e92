import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Receipt } from '../../../lib/core/event.ts'
import { draft, draftsOf, seqs, take } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog, turns } from '../faults.ts'

describe('a commit', () => {
  it('is on disk before anybody who waits for it is told: the first publisher, and those of duplicates', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.hold()
    const told: Receipt[] = []
    const publish = async (): Promise<void> => void told.push(...(await log.accept([draft('1')])))
    const all = Array.from({ length: 20 }, publish)
    await turns()
    assert.deepEqual(told, [])
    assert.equal(await log.last(), 0)
    assert.equal(await log.get('it', '1'), undefined)
    source.release()
    await Promise.all(all)
    assert.equal(told.length, 20)
    assert.equal(told.filter(({ status }) => status === 'new').length, 1)
    assert.equal(told.filter(({ status }) => status === 'duplicate').length, 19)
    assert(told.every(({ seq }) => seq === 1))
    assert.equal(source.synced, source.writes)
    await log.close()
  })

  it('of a duplicate is that of its event: later commits are not waited for', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.hold()
    const first = log.accept([draft('1')])
    await turns()
    const duplicate = log.accept([draft('1')])
    const later = log.accept([draft('2')])
    let told = false
    void later.then(() => (told = true))
    source.release()
    source.hold()
    assert.deepEqual(await duplicate, [{ status: 'duplicate', seq: 1 }])
    await first
    await turns()
    assert.equal(told, false)
    source.release()
    await later
    await log.close()
  })

  it('takes all that came while the last one was written, and the next is begun before the last is told', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const { writes } = source
    source.hold()
    const first = log.accept([draft('first')])
    await turns()
    const rest = draftsOf(400).map((each) => log.accept([each]))
    source.release()
    source.hold()
    await first
    // The second commit has begun: one batch for 400 publishers.
    await turns()
    source.release()
    await Promise.all(rest)
    assert.equal(source.writes - writes, 2)
    await log.close()
  })

  it('never holds a part of what one accept was given, however much that is', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.next('write', 'lose')
    await log.accept([draft('first')])
    const [large, small] = await Promise.allSettled([log.accept(draftsOf(5000)), log.accept(draftsOf(3, 'small '))])
    assert.deepEqual([large.status, small.status], ['rejected', 'rejected'])
    await turns()
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

  it('carries acks along when there is something else to write', async () => {
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

  it('is not synced when the log was asked not to wait for the disk, and is when it is closed', async () => {
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
  it('takes 10 000 drafts that wait for the disk; then publishers wait, in the order in which they came', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.hold()
    const answers = Array.from({ length: 12_000 }, (_, i) => log.accept([draft(`${i}`, i)]))
    const overtaking: Promise<readonly Receipt[]>[] = []
    // Each of the first 9 000 publishes once more as soon as it is told, while others still wait.
    for (const [i, answer] of answers.slice(0, 9000).entries()) {
      void answer.then(() => overtaking.push(log.accept([draft(`again ${i}`, 12_000 + i)])))
    }
    await turns()
    // What was refused by the bound is not decided yet: nobody has its seq.
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

  it('lets those go who wait when the log is closed: they are refused', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.hold()
    const answers = Array.from({ length: 10_600 }, (_, i) => log.accept([draft(`${i}`)]))
    await turns()
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
