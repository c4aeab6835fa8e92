import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { openPostgres, type PostgresOptions } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { draft, draftsOf, list, refused, seqs, take } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('the partitions of a log in PostgreSQL', () => {
  let cluster: Cluster
  let made = 0
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  async function opened(t: TestContext, options: Omit<PostgresOptions, 'warn'> = {}): Promise<PostgresLog> {
    if (options.schema === undefined) made += 1
    const log = await openPostgres(cluster.address, { schema: `log_${made}`, warn: () => undefined, ...options })
    t.after(() => log.close())
    return log
  }
  const rows = (text: string, schema = `log_${made}`): Promise<unknown[][]> =>
    ask(cluster.address, text.replaceAll('SCHEMA', schema))

  /** Makes a log of partitions of 1000 events. */
  async function filled(t: TestContext, count: number, options = {}): Promise<PostgresLog> {
    const log = await opened(t, options)
    for (let from = 0; from < count; from += 500) await log.accept(draftsOf(Math.min(500, count - from), `${from} `))
    return log
  }
  const tables = async (): Promise<unknown[]> =>
    (
      await rows(`SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'SCHEMA'::regnamespace AND c.relispartition
      AND c.relkind = 'r' ORDER BY c.oid`)
    ).flat()

  it('are dropped, the oldest first, and the disk is free at once', async (t) => {
    const log = await filled(t, 3500)
    assert.deepEqual(await tables(), ['event_1', 'event_1001', 'event_2001', 'event_3001', 'event_4001'])
    const size = async (): Promise<number> =>
      Number(
        (
          await rows(`SELECT sum(pg_total_relation_size(oid)) FROM pg_class
        WHERE relispartition AND relkind = 'r' AND relnamespace = 'SCHEMA'::regnamespace`)
        )[0]?.[0],
      )
    const before = await size()
    assert.deepEqual(await log.prune({ count: 2000 }), { removed: 1000, first: 1001, last: 3500, identities: 0 })
    assert.deepEqual(await tables(), ['event_1001', 'event_2001', 'event_3001', 'event_4001'])
    assert.ok((await size()) < 0.8 * before)
    assert.equal((await log.prune({ count: 2000 })).removed, 0)
    assert.equal((await log.prune({ count: 0 })).first, 3001, 'the newest partition stays')
  })

  it('are unwanted by count, age or size, whichever keeps fewer', async (t) => {
    const clock = virtualClock()
    const log = await opened(t, { clock })
    for (let i = 0; i < 7; i++) {
      await log.accept(draftsOf(500, `${i} `))
      await clock.advance(HOUR)
    }
    assert.equal((await log.prune({ age: '6h' })).removed, 0, 'event 1000 is 6 h old')
    assert.equal((await log.prune({ age: 6 * HOUR - 1, count: 5000 })).first, 1001)
    assert.equal((await log.prune({ bytes: 1e9 })).removed, 0)
    const [[newest] = []] = await rows(`SELECT sum(pg_total_relation_size(oid)) FROM pg_class
      WHERE relname IN ('event_2001', 'event_3001', 'event_4001') AND relnamespace = 'SCHEMA'::regnamespace`)
    assert.equal((await log.prune({ bytes: Number(newest) + 1 })).removed, 0)
    assert.equal((await log.prune({ bytes: Number(newest) })).first, 2001)
  })

  it('leave identities behind: what was dropped is not found, and not told again', async (t) => {
    const log = await filled(t, 1200)
    await log.accept([{ type: 'v', identifier: 'v', data: 'a', version: '1' }, draft('x', null, 'other')])
    const consumer = await log.consumer('mail', { start: 'now' })
    await log.prune({ count: 0 })
    const other = await opened(t, { schema: `log_${made}` })
    for (const each of [log, other]) {
      assert.equal(await each.get('it', '0 7'), undefined)
      assert.equal(await each.stored(7), undefined)
      assert.equal(await each.toldAs('it', '0 7'), 7)
      assert.deepEqual(await each.accept([draft('0 7')]), [{ status: 'duplicate', seq: 7 }])
      assert.equal((await seqs(each))[0], 1001)
      const counts = (await list(each.types())).map(({ type, count }) => [type, count])
      assert.deepEqual(counts, [
        ['it', 200],
        ['other', 1],
        ['v', 1],
      ])
    }
    await assert.rejects(consumer.redeliver([7]), refused('TIDINGS_LOG_INVALID', { seq: 7, first: 1001 }))
    const early = await other.consumer('early', { start: 'start' })
    assert.equal((await take(early, 1))[0]?.event.seq, 1001)
    assert.equal((await log.accept([draft('new')]))[0]?.seq, 1203)
  })

  it('stay while a listener needs an event: its cursor, a retry or what it has parked', async (t) => {
    const log = await filled(t, 2500)
    const held = { removed: 0, first: 1, last: 2500, identities: 0 }
    const consumer = await log.consumer('mail', { start: 999 })
    const heldBy = { listener: 'mail', why: 'cursor', seq: 999 }
    assert.deepEqual(await log.prune({ count: 0 }), { ...held, heldBy })
    const handed = await take(consumer, 1502)
    const [first, ...rest] = handed
    assert.ok(first !== undefined)
    for (const each of rest) consumer.ack(each)
    consumer.retry(first, { at: Date.now() + DAY, error: new Error('later') })
    assert.deepEqual(await log.prune({ count: 0 }), { ...held, heldBy: { ...heldBy, why: 'retry' } })
    await consumer.redeliver([999])
    const [again] = await take(consumer, 1)
    assert.ok(again !== undefined)
    consumer.park(again, { error: new Error('never') })
    assert.deepEqual(await log.prune({ count: 0 }), { ...held, heldBy: { ...heldBy, why: 'parked' } })
    assert.equal((await list(consumer.parked())).length, 1)
    await consumer.drop(999)
    assert.equal((await log.prune({ count: 0 })).first, 2001)
  })

  it('are made ahead, with an eighth of what is kept, also for a large call', async (t) => {
    const log = await opened(t)
    await log.accept(draftsOf(9500))
    await log.accept(draftsOf(10_000, 'more '))
    const parts = (await rows('SELECT start, until FROM SCHEMA.part ORDER BY start')).map((row) => row.map(Number))
    for (const [i, [start]] of parts.entries()) assert.equal(start, parts[i - 1]?.[1] ?? 1)
    const [[start = 0, until = 0] = []] = parts.slice(-1)
    assert.ok(start > 19_500, 'one is spare')
    assert.ok(until - start > 2000 && until - start < 2500)
    assert.equal((await seqs(log)).length, 19_500)
  })

  it('age identities, which are forgotten when they are old enough', async (t) => {
    const clock = virtualClock()
    const log = await filled(t, 1500, { clock })
    await clock.advance(DAY)
    assert.equal((await log.prune({ count: 0, identities: 2 * DAY })).identities, 0)
    await clock.advance(DAY + 1)
    await log.forget('it', '0 1')
    await log.accept([draft('0 1')])
    assert.equal((await log.prune({ identities: 2 * DAY })).identities, 999, 'of those whose events are dropped')
    assert.deepEqual(
      (await log.accept([draft('0 2'), draft('0 1'), draft('1000 300')])).map(({ status }) => status),
      ['new', 'duplicate', 'duplicate'],
    )
    assert.equal((await log.prune({ identities: 2 * DAY })).identities, 0)
  })

  it('are pruned by the agents themselves, soon after they start and then each hour', async (t) => {
    const clock = virtualClock()
    const log = await filled(t, 1500, { clock, retention: { count: 10 } })
    await clock.advance(9_999)
    assert.equal((await rows('SELECT first FROM SCHEMA.head'))[0]?.[0], '1')
    await clock.advance(1)
    await until(async () => (await rows('SELECT first FROM SCHEMA.head'))[0]?.[0] !== '1', 'the log to prune itself')
    assert.equal((await seqs(log))[0], 1001)
    await assert.rejects(opened(t, { retention: {} }), refused('TIDINGS_LOG_INVALID', { path: 'retention' }))
  })

  it('are dropped beside agents that publish, and a transaction that reads holds none of them up', async (t) => {
    const log = await filled(t, 2500)
    const other = await opened(t, { schema: `log_${made}` })
    let [n, worst, stop] = [0, 0, false]
    const publishing = [log, other].map(async (each, agent) => {
      for (; !stop; n++) {
        const begun = performance.now()
        const [answer] = await each.accept([draft(`${agent} ${n}`, null, 'busy')])
        worst = Math.max(worst, performance.now() - begun)
        assert.equal(answer?.status, 'new')
      }
    })
    const pg = (await import('pg')).default
    const reader = new pg.Client({ connectionString: cluster.address, application_name: 'a backup' })
    await reader.connect()
    try {
      await reader.query(`BEGIN; SELECT count(*) FROM "log_${made}".event`)
      await assert.rejects(
        log.prune({ count: 1000 }),
        /while a transaction reads events: process \d+ .*\(a backup\), since \d+ s/,
      )
    } finally {
      await reader.end()
    }
    const pruned = await Promise.all([log.prune({ count: 1000 }), other.prune({ count: 1000 })])
    assert.ok(pruned.reduce((sum, { removed }) => sum + removed, 0) >= 1000)
    stop = true
    await Promise.all(publishing)
    assert.ok(worst < 2000, `an accept took ${Math.round(worst)} ms`)
    const last = await log.last()
    const { first } = await log.prune({ count: 1e6 })
    assert.deepEqual(
      await seqs(log),
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    )
  })

  it('are added to a log of an older version, whose agents continue', async (t) => {
    const text = readFileSync(join(import.meta.dirname, 'logs/before-partitions.sql'), 'utf8')
    await ask(cluster.address, text)
    const one =
      "ARRAY['t'], ARRAY['t'], ARRAY['old ' || $1], ARRAY[NULL], ARRAY['null'], ARRAY[NULL::bool], ARRAY[false]"
    const rest =
      'ARRAY[NULL], ARRAY[NULL], ARRAY[NULL::bigint], ARRAY[NULL], ARRAY[true], ARRAY[NULL::bigint], ARRAY[NULL::int]'
    const accept = `SELECT o_seq[1] FROM older.accept_1(NULL, ${one}, ${rest}, '{}', '{}', '{}')`
    const pg = (await import('pg')).default
    const old = new pg.Client({ connectionString: cluster.address })
    await old.connect()
    let [n, stop] = [0, false]
    const publish = async (): Promise<void> => {
      n += 1
      const { rows: found } = await old.query<{ o_seq: string }>(accept, [n])
      assert.equal(found.length, 1)
    }
    try {
      while (n < 50) await publish()
      const publishing = (async () => {
        while (!stop) await publish()
      })()
      const log = await opened(t, { schema: 'older' })
      assert.equal((await seqs(log)).length >= 50, true)
      await log.accept(draftsOf(900))
      // The older agent alone, over the ends of partitions.
      const enough = n + 1500
      await until(() => n >= enough, 'the older agent to publish')
      stop = true
      await publishing
      const last = await log.last()
      assert.equal(last, n + 900)
      assert.deepEqual(
        await seqs(log),
        Array.from({ length: last }, (_, i) => i + 1),
      )
      assert.equal((await log.prune({ count: 0 })).first, 2001)
    } finally {
      await old.end()
    }
  })
})
