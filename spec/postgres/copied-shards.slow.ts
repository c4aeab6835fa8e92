import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { copyLog } from '../../lib/agent/operations/copy-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Consumer, Log } from '../../lib/log/port.ts'
import { identityKeys, type Keys } from '../../lib/log/shards.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { list, takeAll } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Cluster, startCluster } from './cluster.ts'

const never = new AbortController().signal

describe('a copy of a log with a shared listener', () => {
  let cluster: Cluster
  let made = 0
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  const COUNT = 60

  const open = (log: Log, keys: Keys, shared = true): Promise<Consumer> =>
    log.consumer('news', { start: 'start', keys, shared })

  /** A log whose shards stand at different events: some have handled all, one has parked an event, the others nothing. */
  async function unequal(keys: Keys) {
    made += 1
    const address = `${cluster.address}&schema=copied_${made}`
    const log = await openPostgres(cluster.address, { schema: `copied_${made}`, warn: () => undefined })
    const consumer = await open(log, keys)
    await log.accept(Array.from({ length: COUNT }, (_, i) => ({ type: 'it', identifier: `${i}`, data: null })))
    const handled: number[] = []
    let parked = 0
    for (const shard of (consumer.shards ?? []).slice(0, 5)) {
      const hold = await shard.hold(never)
      for (const handed of await takeAll(log, shard)) {
        handled.push(handed.event.seq)
        if (parked > 0) shard.ack(handed)
        else {
          parked = handed.event.seq
          shard.park(handed, { error: new Error('broken') })
        }
      }
      await shard.flush()
      await hold?.release()
    }
    assert.ok(handled.length > 10 && handled.length < COUNT)
    await log.close()
    return { address, handled, parked }
  }

  const remaining = (handled: readonly number[]): number[] =>
    Array.from({ length: COUNT }, (_, i) => i + 1).filter((seq) => !handled.includes(seq))

  it('has it whole in a folder: what its shards have handled is not told again, the rest is; and back', async (t) => {
    const { address, handled, parked } = await unequal(identityKeys)
    const folder = join(temporaryDirectory(t), 'log')
    await copyLog(address, folder)
    const log = await openLog(folder)
    const infos = await list(log.consumers())
    assert.deepEqual(
      infos.map(({ name, lag }) => [name, lag.parked]),
      [['news', 1]],
    )
    const whole = await open(log, identityKeys)
    assert.equal(whole.shards, undefined)
    assert.deepEqual(
      (await list(whole.parked())).map(({ event }) => event.seq),
      [parked],
    )
    const [first, ...others] = await takeAll(log, whole)
    assert.ok(first !== undefined)
    assert.deepEqual(
      [first, ...others].map(({ event }) => event.seq),
      remaining(handled),
    )
    whole.ack(first)
    await whole.flush()
    await log.close()

    const back = `${cluster.address}&schema=back_${made}`
    await copyLog(folder, back)
    const again = await openPostgres(cluster.address, { schema: `back_${made}`, warn: () => undefined })
    t.after(() => again.close())
    const consumer = await open(again, identityKeys)
    const told: number[] = []
    for (const shard of consumer.shards ?? []) {
      const hold = await shard.hold(never)
      for (const { event } of await takeAll(again, shard)) told.push(event.seq)
      await hold?.release()
    }
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      remaining([...handled, first.event.seq]),
    )
    assert.equal((await list(consumer.parked())).length, 1)
  })

  it('is refused where only the code of the listener knows what its shards have handled', async (t) => {
    const byLast: Keys = { name: 'function 1', of: ({ identifier }) => identifier.slice(-1) }
    const { address } = await unequal(byLast)
    const folder = join(temporaryDirectory(t), 'log')
    await assert.rejects(copyLog(address, folder), {
      code: 'TIDINGS_LOG_INVALID',
      message: /listener "news" is shared/,
    })
    // An agent that has the code, and does not share, makes it whole.
    const log = await openPostgres(cluster.address, { schema: `copied_${made}`, warn: () => undefined })
    const hold = await (await open(log, byLast, false)).hold(never)
    await hold?.release()
    await log.close()
    await copyLog(address, folder)
  })

  it('is not shared by another function while its shards stand at different events', async (t) => {
    const { handled } = await unequal({ name: 'function 1', of: ({ identifier }) => identifier.slice(-1) })
    const log = await openPostgres(cluster.address, { schema: `copied_${made}`, warn: () => undefined })
    t.after(() => log.close())
    const other: Keys = { name: 'function 2', of: ({ identifier }) => identifier.slice(0, 1) }
    await assert.rejects(open(log, other), { code: 'TIDINGS_LOG_INVALID', message: /shared by another function/ })
    // A reset makes them equal.
    await log.consumer('news', { start: COUNT + 1, move: true })
    await open(log, other)
    assert.ok(handled.length > 0)
  })
})
