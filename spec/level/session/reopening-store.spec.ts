import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Handed } from '../../../lib/log/port.ts'
import { draft, draftsOf, list, refused, seqs, seqsOf, take, takeAll } from '../../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../../support/until.ts'
import { FaultySource, faultyLog, recovered, writeBegun } from '../faults.ts'

const failed = refused('TIDINGS_LOG_FAILED')

async function broken(): Promise<
  { source: FaultySource; clock: VirtualClock } & Awaited<ReturnType<typeof faultyLog>>
> {
  const source = new FaultySource()
  const clock = virtualClock()
  return { source, clock, ...(await faultyLog({ source, clock })) }
}

describe('a log whose write fails', () => {
  it('rejects the waiting publishers, and continues with the reopened store', async () => {
    const { source, log, said } = await broken()
    const [first] = await log.accept([draft('first')])
    source.next('lose')
    const publish = (identifier: string) => log.accept([draft(identifier)])
    const lost = [publish('a'), publish('b'), log.store('n').set('k', 1), publish('a')]
    for (const each of lost) await assert.rejects(each, failed)
    await recovered(log)
    assert.equal(source.opened, 2)
    assert.equal(said.length, 2)
    const [again] = await log.accept([draft('a')])
    assert.deepEqual([again?.status, again?.seq], ['new', 2])
    assert.deepEqual(await log.accept([draft('first')]), [{ status: 'duplicate', seq: first?.seq }])
    assert.equal(await log.store('n').get('k'), undefined)
    await log.close()
  })

  it('rejects also the publishers of queued commits', async () => {
    const { source, log } = await broken()
    const { begun } = source
    source.hold()
    source.next('lose')
    const first = log.accept([draft('first')])
    await writeBegun(source, begun + 1)
    const queued = [log.accept(draftsOf(600)), log.accept([draft('other')]), log.accept([draft('first')])]
    source.release()
    for (const each of [first, ...queued]) await assert.rejects(each, failed)
    await recovered(log)
    assert.deepEqual(await seqs(log), [])
    await log.close()
  })

  it('may have stored what it did not acknowledge, and answers a repeated publish', async () => {
    const { source, log } = await broken()
    source.next('keep')
    const committed: number[] = []
    log.committed$.subscribe((seq) => committed.push(seq))
    await assert.rejects(log.accept([draft('1', 'kept')]), failed)
    await recovered(log)
    assert.deepEqual(committed, [1])
    assert.deepEqual(await log.accept([draft('1', 'again')]), [{ status: 'duplicate', seq: 1 }])
    assert.equal((await log.get('it', '1'))?.data, 'kept')
    const consumer = await log.consumer('c', { start: 'start' })
    assert.deepEqual(seqsOf(await take(consumer, 1)), [1])
    await log.close()
  })

  it('loses nothing acknowledged, and uses no seq twice, however often writes fail', async () => {
    const fates = fc.array(fc.constantFrom('write' as const, 'write' as const, 'lose' as const, 'keep' as const), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(
        fates,
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }),
        async (fates, calls) => {
          const { source, clock, log } = await broken()
          source.next(...fates)
          const acknowledged = new Map<string, number>()
          for (let round = 0; round < 3; round++) {
            const all = calls.map((count, i) => log.accept(draftsOf(count, `${round} ${i} `)))
            for (const answer of await Promise.allSettled(all)) {
              if (answer.status === 'rejected') continue
              for (const { event, seq } of answer.value)
                if (event !== undefined) acknowledged.set(event.identifier, seq)
            }
            await recovered(log)
          }
          await log.close().catch(() => undefined)
          const { log: again } = await faultyLog({ source, clock })
          const stored = await list(again.events())
          assert.deepEqual(
            stored.map(({ seq }) => seq),
            stored.map((_, i) => i + 1),
          )
          const places = new Map(stored.map(({ identifier, seq }) => [identifier, seq]))
          assert.equal(places.size, stored.length, 'an identity was stored twice')
          for (const [identifier, seq] of acknowledged) assert.equal(places.get(identifier), seq)
          await again.close()
        },
      ),
      { numRuns: 30 },
    )
  })

  it('writes again the acks, retries, parks and state of the failed commit', async () => {
    const { source, clock, log } = await broken()
    await log.accept(draftsOf(6))
    const consumer = await log.consumer('c', { start: 'start' })
    const [a, b, c, d] = (await take(consumer, 4)) as [Handed, Handed, Handed, Handed]
    source.next('lose')
    consumer.ack(a, [{ namespace: 'n', key: 'k', value: 1 }])
    consumer.retry(b, { at: clock.now() + 1000, error: 'later' })
    consumer.park(c, { error: 'never' })
    await assert.rejects(log.accept([draft('carrier')]), failed)
    // Acked while the store is failed.
    consumer.ack(d, [{ namespace: 'n', key: 'k', value: 2 }])
    await recovered(log)
    await clock.advance(50)
    assert.deepEqual(await log.store('n').get('k'), { value: 2, revision: 2 })
    const { log: copy } = await faultyLog({ source, clock })
    const again = await copy.consumer('c', { start: 'start' })
    assert.deepEqual(seqsOf(await list(again.parked())), [c.event.seq])
    assert.deepEqual(
      (await list(again.retrying())).map(({ attempts, event }) => [attempts, event.seq]),
      [[1, b.event.seq]],
    )
    assert.deepEqual(seqsOf(await takeAll(copy, again, 2)), [5, 6])
    assert.deepEqual(await copy.store('n').get('k'), { value: 2, revision: 2 })
  })

  it('writes again the acks of the failed commit, after one that succeeded', async () => {
    const { source, clock, log } = await broken()
    await log.accept(draftsOf(3))
    const consumer = await log.consumer('c', { start: 'start' })
    const [a, b] = (await take(consumer, 2)) as [Handed, Handed]
    const { begun } = source
    source.hold()
    source.next('write', 'lose')
    consumer.ack(a)
    const first = log.accept([draft('first carrier')])
    await writeBegun(source, begun + 1)
    consumer.park(b, { error: 'never' })
    const lost = assert.rejects(log.accept([draft('second carrier')]), failed)
    source.release()
    await first
    await lost
    await recovered(log)
    await clock.advance(50)
    assert.deepEqual(seqsOf(await list(consumer.parked())), [b.event.seq])
    await log.close()
    const { log: again } = await faultyLog({ source, clock })
    const known = await again.consumer('c', { start: 'start' })
    assert.deepEqual(seqsOf(await list(known.parked())), [b.event.seq])
    await again.close()
  })

  it('lets a pull wait until the store is reopened, without polling', async () => {
    const { source, clock, log } = await broken()
    await log.accept(draftsOf(1))
    const consumer = await log.consumer('c', { start: 'start' })
    consumer.retry((await take(consumer, 1))[0] as Handed, { at: clock.now() })
    await consumer.flush()
    await clock.advance(1000)
    source.failingOpens = 3
    source.next('lose')
    await assert.rejects(log.accept([draft('2')]), failed)
    await until(() => source.opened === 2 && clock.timers === 1)
    const pulled = take(consumer, 1)
    await clock.advance(0)
    // Only the pause before the next attempt: the pull sets no timer for the retry that is due.
    assert.equal(clock.timers, 1)
    await clock.advance(700)
    assert.deepEqual(
      (await pulled).map(({ attempt }) => attempt),
      [2],
    )
    await log.close()
  })

  it('reopens the store for as long as it takes, rejects every call meanwhile, and says why', async () => {
    const { source, clock, log } = await broken()
    source.failingOpens = 5
    source.next('lose')
    await assert.rejects(log.accept([draft('1')]), failed)
    await until(() => source.opened === 2 && clock.timers === 1)
    assert.equal(log.state, 'failed')
    await assert.rejects(log.accept([draft('1')]), /no space left/)
    await assert.rejects(log.get('it', '1'), failed)
    await assert.rejects(log.last(), failed)
    assert.equal(source.opened, 2)
    await clock.advance(100 + 200 + 400 + 800)
    assert.equal(source.opened, 6)
    await assert.rejects(log.accept([draft('1')]), failed)
    await clock.advance(1600)
    assert.equal(log.state, 'ready')
    assert.equal((await log.accept([draft('1')]))[0]?.status, 'new')
    await log.close()
    assert.equal(log.state, 'closed')
  })

  it('can be closed while it can not be reopened', async () => {
    const { source, clock, log } = await broken()
    source.failingOpens = 1000
    source.next('lose')
    await assert.rejects(log.accept([draft('1')]), failed)
    await until(() => clock.timers === 1)
    await log.close()
    assert.equal(clock.timers, 0)
    await assert.rejects(log.accept([draft('1')]), refused('TIDINGS_LOG_CLOSED'))
  })

  it('rejects close() when the last write fails', async () => {
    const { source, log } = await broken()
    await log.accept(draftsOf(2))
    const consumer = await log.consumer('c', { start: 'start' })
    for (const handed of await take(consumer, 2)) consumer.ack(handed)
    source.next('lose')
    await assert.rejects(log.close(), failed)
  })

  it('does not grant a claim that it could not store', async () => {
    const { source, log } = await broken()
    source.next('lose')
    await assert.rejects(log.claim('j', new Date(0), 1000), failed)
    await recovered(log)
    const claim = await log.claim('j', new Date(0), 1000)
    assert.equal(claim?.attempt, 1)
    await log.close()
  })

  it('does not complete a slot, or remember a run, that it could not store', async () => {
    const { source, log } = await broken()
    const claim = await log.claim('j', new Date(0), 1000)
    source.next('lose')
    await assert.rejects(claim?.done('lost') ?? Promise.resolve(), failed)
    await recovered(log)
    assert.deepEqual(await list(log.runs('j')), [])
    await claim?.done('kept')
    assert.deepEqual(
      (await list(log.runs('j'))).map(({ outcome }) => outcome),
      ['kept'],
    )
    await log.close()
  })

  it('does not count a value that it could not store', async () => {
    const { source, log } = await broken()
    await log.store('n').set('k', 'a')
    source.next('lose')
    await assert.rejects(log.store('n').set('k', 'b', { if: 1 }), failed)
    await recovered(log)
    assert.deepEqual(await log.store('n').get('k'), { value: 'a', revision: 1 })
    assert.equal(await log.store('n').set('k', 'b', { if: 1 }), 2)
    await log.close()
  })

  it('lets a running query read to its end', async () => {
    const { source, log } = await broken()
    await log.accept(draftsOf(1200))
    const found: number[] = []
    for await (const { seq } of log.events()) {
      found.push(seq)
      if (seq !== 100) continue
      source.next('lose')
      await assert.rejects(log.accept([draft('lost')]), failed)
      await recovered(log)
    }
    assert.equal(found.length, 1200)
    await log.close()
  })
})
