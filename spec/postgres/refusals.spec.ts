import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { from, lastValueFrom, toArray } from 'rxjs'
import { copyLog } from '../../lib/agent/operations/copy-log.ts'
import { examinePostgres } from '../../lib/postgres/examine.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

describe('openPostgres', () => {
  // Each is refused before anything is connected.
  const wrong: Readonly<Record<string, readonly [options: object, message: RegExp]>> = {
    'an unknown option': [{ readOnly: true }, /have no "readOnly"/],
    'an unknown identity': [{ identity: `type'); --` }, /identity must be "type" or "identifier", got/],
    'a lease that is a text': [{ lease: '10s' }, /lease must be a number of ms/],
    'a lease that no timer takes': [{ lease: 2 ** 31 }, /lease must be a number of ms/],
  }
  for (const [what, [options, message]] of Object.entries(wrong))
    it(`rejects ${what}`, async () => {
      const opened = openPostgres('postgres://127.0.0.1:1/x', options)
      await assert.rejects(opened, { code: 'TIDINGS_LOG_INVALID', message })
    })

  it('rejects an invalid address, and does not repeat it', async () => {
    for (const address of ['postgres://me:SEC/RET@host/x', 'postgres://me:SEC#RET@host/x', 'postgres://h:x/y'])
      await assert.rejects(openPostgres(address), (error: Error & { readonly code?: unknown }) => {
        assert.equal(error.code, 'TIDINGS_LOG_INVALID')
        assert.match(error.message, /it is not a URL; in a user or password, write @ : /)
        return !/SEC|RET/.test(error.message)
      })
  })
})

describe('a server that does not fit a log', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  const misfits: Readonly<Record<string, readonly [make: string, message: RegExp]>> = {
    latin: [`ENCODING 'LATIN1' TEMPLATE template0`, /the database has the encoding LATIN1, which lacks characters/],
    strict: [`SET default_transaction_isolation = 'serializable'`, /default_transaction_isolation is serializable/],
    silent: ['SET client_min_messages = error', /client_min_messages is error, which hides warnings/],
  }
  for (const [name, [make, message]] of Object.entries(misfits))
    it(`is refused before it has a log, and found by doctor: ${make}`, async () => {
      const isSetting = make.startsWith('SET')
      await ask(cluster.address, `CREATE DATABASE ${name} ${isSetting ? '' : make}`)
      if (isSetting) await ask(cluster.address, `ALTER DATABASE ${name} ${make}`)
      const address = cluster.address.replace('/postgres?', `/${name}?`)
      await assert.rejects(openPostgres(address), { code: 'TIDINGS_LOG_FAILED', message })
      assert.deepEqual(await ask(address, `SELECT 1 FROM pg_namespace WHERE nspname = 'tidings'`), [])
      const found = (await examinePostgres(address)).find(({ about }) => about === 'settings')
      assert.equal(found?.level, 'problem')
      assert.match(found.message, message)
    })
})

describe('a schema that something else uses', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  for (const [table, code, message] of [
    ['head (x int)', 'TIDINGS_LOG_INVALID', /^the schema "\w+" has tables that are not of a log/],
    ['event (x int)', 'TIDINGS_LOG_INVALID', /^the schema "\w+" has tables that are not of a log/],
    ['head AS SELECT 99 AS format', 'TIDINGS_LOG_FORMAT', /^the log has format 99, this version/],
  ] as const)
    it(`is refused, and nothing is added: ${table}`, async () => {
      const schema = `used_by_${table.replaceAll(/\W+/g, '_').toLowerCase()}`
      await ask(cluster.address, `CREATE SCHEMA ${schema}`)
      await ask(cluster.address, `CREATE TABLE ${schema}.${table}`)
      await assert.rejects(openPostgres(cluster.address, { schema }), { code, message })
      const tables = await ask(cluster.address, 'SELECT 1 FROM pg_tables WHERE schemaname = $1', [schema])
      assert.equal(tables.length, 1)
    })
})

describe('copyLog', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  it('rejects a log as the copy of itself, without waiting for its own reading', async () => {
    const log = await openPostgres(cluster.address)
    await log.close()
    await assert.rejects(copyLog(cluster.address, cluster.address), {
      code: 'TIDINGS_LOG_LOCKED',
      message: /by another session, or as the original of this copy/,
    })
    const again = await openPostgres(cluster.address)
    await again.accept([{ type: 'it', identifier: 'a', data: null }])
    await again.close()
    const message = 'the schema "tidings" has a log already, up to event 1: choose another one, or drop it'
    await assert.rejects(copyLog(cluster.address, cluster.address), { code: 'TIDINGS_LOG_INVALID', message })
  })
})

describe('what PostgreSQL does not take', () => {
  let cluster: Cluster
  let log: PostgresLog
  before(async () => {
    cluster = await startCluster()
    log = await openPostgres(cluster.address, { limits: { identifier: 8192 }, warn: assert.fail })
  })
  after(async () => {
    await log.close()
    await cluster.remove()
  })

  it('fails one accept, and none of those beside it', async () => {
    const accept = (identifier: string) => log.accept([{ type: 'it', identifier, data: null }])
    // Too long for an index, and not to be compressed.
    const tooLong = randomBytes(3000).toString('base64')
    const answers = await Promise.allSettled(['a', 'b', tooLong, 'c', 'a'].map(accept))
    const said = answers.map((each) => (each.status === 'fulfilled' ? each.value[0]?.status : each.reason.code))
    assert.deepEqual(said, ['new', 'new', 'TIDINGS_LOG_FAILED', 'new', 'duplicate'])
  })

  it('as a revision of state conflicts, and the log stays connected', async () => {
    for (const revision of [Number.NaN, 1.5, -1, 2 ** 70, null as unknown as number]) {
      const set = log.store('n').set('k', 1, { if: revision })
      await assert.rejects(set, { code: 'TIDINGS_STATE_CONFLICT' }, String(revision))
    }
    assert.equal(await log.store('n').set('k', 1, { if: 0 }), 1)
  })

  it('as an instant or cause of events finds nothing, or everything', async () => {
    await log.accept([{ type: 'when', identifier: 'a', data: null }], { traceparent: 'a\0b' })
    const found = async (query: object): Promise<number> =>
      (await lastValueFrom(from(log.events({ types: ['when'], ...query })).pipe(toArray()))).length
    assert.deepEqual(await Promise.all([{ since: 1e30 }, { until: -1e30 }].map(found)), [0, 0])
    assert.deepEqual(await Promise.all([{ since: -1e30 }, { until: 1e30 }].map(found)), [1, 1])
    assert.deepEqual(await lastValueFrom(from(log.causedBy(1.5)).pipe(toArray())), [])
    assert.equal((await log.get('when', 'a'))?.traceparent, 'a\0b')
  })
})
