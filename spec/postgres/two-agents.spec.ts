import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { StoredEvent } from '../../lib/core/event.ts'
import type { Consumer, Handed, Log } from '../../lib/log/port.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { LONG, type SharedLog, sharedLog } from './shared-log.ts'

describe('two agents that share a log in PostgreSQL', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  async function share(t: TestContext): Promise<readonly [PostgresLog, PostgresLog, SharedLog]> {
    const shared = sharedLog(t, cluster, LONG)
    const logs = await Promise.all([shared.open(), shared.open()])
    return [...logs, shared]
  }

  const draft = (identifier: string, data: unknown = null) => ({ type: 'it', identifier, data })
  const never = new AbortController().signal

  async function first(consumer: Consumer, signal = never): Promise<StoredEvent | undefined> {
    return (await consumer.pull(1, signal))[0]?.event
  }

  it('make one log, and accept each identity once', async (t) => {
    const [one, other] = await share(t)
    assert.equal(one.id, other.id)
    const drafts = Array.from({ length: 200 }, (_, i) => draft(`${i}`))
    const answers = await Promise.all(
      [one, other].flatMap((log) => drafts.map(async (each) => (await log.accept([each]))[0])),
    )
    assert.equal(answers.filter((answer) => answer?.status === 'new').length, 200)
    const seqs = new Set<number>()
    for await (const { seq } of other.events()) seqs.add(seq)
    assert.deepEqual(
      [...seqs],
      Array.from({ length: 200 }, (_, i) => i + 1),
    )
  })

  it('wake each other', async (t) => {
    const [one, other] = await share(t)
    const consumer = await other.consumer('mail', { start: 'start' })
    const pulled = first(consumer)
    await one.accept([draft('a')])
    assert.equal((await pulled)?.identifier, 'a')
  })

  it('handle a listener in one of them; the other takes over when that one ends', async (t) => {
    const [one, other] = await share(t)
    const [mine, theirs] = [
      await one.consumer('mail', { start: 'start' }),
      await other.consumer('mail', { start: 'start' }),
    ]
    await one.accept([draft('a'), draft('b'), draft('c')])
    const [handed] = await mine.pull(1, never)
    assert.equal(handed?.event.identifier, 'a')
    const waiting = first(theirs)
    mine.ack(handed)
    await one.close()
    assert.equal((await waiting)?.identifier, 'b')
  })

  it('hand over to the other when one dies: what was in flight is told again, what was acked is not', async (t) => {
    const [one, other, { die }] = await share(t)
    const [mine, theirs] = [
      await one.consumer('mail', { start: 'start' }),
      await other.consumer('mail', { start: 'start' }),
    ]
    await one.accept([draft('a'), draft('b'), draft('c')])
    for (const handed of await mine.pull(2, never)) if (handed.event.identifier === 'a') mine.ack(handed)
    await mine.flush()
    await die(one)
    assert.equal((await first(theirs))?.identifier, 'b')
    assert.equal(theirs.suspects, 0)
  })

  it('refuse what one writes after the other has taken over', async (t) => {
    const [one, other, { expire }] = await share(t)
    const [mine, theirs] = [
      await one.consumer('mail', { start: 'start' }),
      await other.consumer('mail', { start: 'start' }),
    ]
    await one.accept([draft('a'), draft('b')])
    const [handed] = await mine.pull(1, never)
    const waiting = first(theirs)
    // As if it had been frozen for longer than its lease.
    await expire(one)
    assert.equal((await waiting)?.identifier, 'a')
    mine.ack(handed as Handed, [{ namespace: 'n', key: 'k', value: 1 }])
    await assert.rejects(mine.flush(), { code: 'TIDINGS_LOG_CLOSED' })
    assert.equal(await other.store('n').get('k'), undefined)
  })

  it('give a slot to one of them, and to the other when that one dies', async (t) => {
    const [one, other, { die }] = await share(t)
    const slot = new Date('2026-03-01T12:00:00Z')
    const claims = await Promise.all([one, other].map((log) => log.claim('poll', slot, 60_000)))
    assert.equal(claims.filter((claim) => claim !== undefined).length, 1)
    const [holder, stander] = claims[0] === undefined ? [other, one] : [one, other]
    await die(holder)
    const taken = async (): Promise<boolean> => (await stander.claim('poll', slot, 60_000))?.attempt === 2
    await until(taken, 'the slot to be free')
    assert.deepEqual(await attempts(stander), [1])
  })

  it('stay open while the server starts again, and lose nothing that was acknowledged', async (t) => {
    const [one, other] = await share(t)
    const consumer = await one.consumer('mail', { start: 'start' })
    await one.accept([draft('a')])
    await cluster.restart()
    await until(() => one.state === 'ready' && other.state === 'ready', 'both to be connected again')
    assert.deepEqual(await other.accept([draft('a')]), [{ status: 'duplicate', seq: 1 }])
    await other.accept([draft('b')])
    const told: string[] = []
    while (told.length < 2)
      for (const handed of await consumer.pull(10, never)) {
        told.push(handed.event.identifier)
        consumer.ack(handed)
      }
    assert.deepEqual(told, ['a', 'b'])
  })
})

async function attempts(log: Log): Promise<number[]> {
  const found: number[] = []
  for await (const { attempt } of log.runs('poll')) found.push(attempt)
  return found
}
