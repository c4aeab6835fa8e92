import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it, type TestContext } from 'node:test'
import { copyLog } from '../../lib/agent/operations/copy-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { moveAgent } from '../agent/operations/moved-agent.ts'
import { continued, fullLog } from '../level/full-log.ts'
import { command } from '../support/command.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type CopyPlaces, comparable, copyPlaces } from './copies.ts'
import { ask } from './schemas.ts'

describe('copyLog, to PostgreSQL and back', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  const places = (t: TestContext): CopyPlaces => copyPlaces(t, cluster)

  const hasSchema = async (schema: string): Promise<boolean> =>
    (await ask(cluster.address, 'SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])).length > 0

  for (const identity of ['type', 'identifier'] as const) {
    it(`copies every record there, to another schema and back, where the ${identity} is part of an identity`, async (t) => {
      const { from, server, back } = places(t)
      const { server: other } = places(t)
      await fullLog(from, identity)
      const there = await copyLog(from, server)
      assert.deepEqual(await copyLog(server, other), there)
      assert.deepEqual(await copyLog(other, back), there)
      assert.deepEqual(await comparable(back), await comparable(from))
      const log = await openLog(back)
      t.after(() => log.close())
      assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    })

    it(`lets the copy continue where the original was, where the ${identity} is part of an identity`, async (t) => {
      const { from, server, back, schema } = places(t)
      await fullLog(from, identity)
      await copyLog(from, server)
      await copyLog(server, back)
      const clock = virtualClock()
      const logs = [
        await openLog(from, { clock }),
        await openPostgres(server, { schema, clock, warn: () => undefined }),
        await openLog(back, { clock }),
      ]
      t.after(() => Promise.all(logs.map((log) => log.close())))
      const [original, ...copies] = await Promise.all(logs.map(continued))
      for (const copy of copies) assert.deepEqual(copy, original)
      // The order of types with NUL differs.
      const types = logs.map(async (log) => (await list(log.types())).toSorted((a, b) => (a.last ?? 0) - (b.last ?? 0)))
      assert.deepEqual(await types[1], await types[0])
    })
  }

  it('lets an agent continue on the copy, there and back', async (t) => {
    const { from, server, back, schema } = places(t)
    const opened = (): ReturnType<typeof openPostgres> => openPostgres(server)
    await moveAgent(t, await openLog(from), async () => {
      await copyLog(from, server)
      return opened()
    })
    await ask(cluster.address, `DROP SCHEMA "${schema}" CASCADE`)
    await moveAgent(t, await opened(), async () => {
      await copyLog(server, back)
      return openLog(back)
    })
  })

  it('leaves nothing when the server dies half-way', async (t) => {
    const { from, server, schema } = places(t)
    await fullLog(from)
    let restarted: Promise<void> | undefined
    const copying = copyLog(from, server, { progress: () => void (restarted ??= cluster.restart()) })
    await assert.rejects(copying, { code: 'TIDINGS_LOG_FAILED' })
    await restarted
    assert.equal(await hasSchema(schema), false)
    await copyLog(from, server)
  })

  it('fills an empty log, and refuses one that is not, or that an agent has open', async (t) => {
    const { from, server, back, schema } = places(t)
    await fullLog(from)
    const open = (): ReturnType<typeof openPostgres> => openPostgres(cluster.address, { schema, warn: () => undefined })
    const empty = await open()
    await assert.rejects(copyLog(from, server), { code: 'TIDINGS_LOG_LOCKED', message: /have the log .* open \(1\)/ })
    await empty.close()
    const { last } = await copyLog(from, server)
    await assert.rejects(copyLog(from, server), {
      code: 'TIDINGS_LOG_INVALID',
      message: `the schema "${schema}" has a log already, up to event ${last}: choose another one, or drop it`,
    })
    const full = await open()
    await assert.rejects(copyLog(server, back), { code: 'TIDINGS_LOG_LOCKED' })
    await full.close()
    await ask(cluster.address, `UPDATE "${schema}".head SET seq = 0`)
    await assert.rejects(copyLog(from, server), { code: 'TIDINGS_LOG_INVALID' })
    assert.equal(existsSync(back), false)
  })

  it('is a command, which shows no password', async (t) => {
    const { from, server, back, schema } = places(t)
    await fullLog(from)
    const secret = server.replace('&user=tidings', '&user=tidings&password=hidden')
    for (const [source, target] of [
      [from, secret],
      [secret, back],
    ] as const) {
      const { code, stdout, stderr } = await command('db', 'copy', source, target)
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^\d+ events \(6 to \d+\), \d+ identities, 4 listeners and 5 values of state are in /)
      assert.doesNotMatch(stdout, /hidden/)
      assert.match(stdout, new RegExp(`schema=${schema}`))
    }
  })

  // A new table has records to copy, or it is named here.
  it('knows all tables', async (t) => {
    const { server, schema, from } = places(t)
    await fullLog(from)
    await copyLog(from, server)
    await (await openPostgres(cluster.address, { schema, warn: () => undefined })).close()
    const text = `SELECT c.relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', $1::text,
      c.relname), false, true, '')))[1]::text::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname`
    const tables = await ask(cluster.address, text, [schema])
    const empty = tables.flatMap(([name, rows]) => (rows === 0 ? [name] : []))
    // Who lives, and who has what, is not copied.
    assert.deepEqual(
      empty.filter((name) => !['agent', 'arrival', 'hold', 'share'].includes(name as string)),
      [],
    )
  })

  it('names the kind of record that does not fit', async (t) => {
    const { from, server, schema } = places(t)
    const log = await openLog(from, { limits: { identifier: 10_000 } })
    const noise = Array.from({ length: 3000 }, (_, i) => String.fromCodePoint(300 + ((i * 7919) % 5000))).join('')
    await log.accept([{ type: 'it', identifier: noise, data: 1 }])
    await log.close()
    const message = /^the identity records can't be stored: .*index row size/
    await assert.rejects(copyLog(from, server), { code: 'TIDINGS_LOG_FAILED', message })
    assert.equal(await hasSchema(schema), false)
  })

  it('refuses a schema without a log, and an invalid name', async (t) => {
    const { from, server, back, schema } = places(t)
    await fullLog(from)
    await assert.rejects(copyLog(server, back), { code: 'TIDINGS_LOG_INVALID', message: new RegExp(`"${schema}"`) })
    const odd = `${cluster.address}&schema=A%22%3B`
    await assert.rejects(copyLog(from, odd), { code: 'TIDINGS_LOG_INVALID', message: /a schema is a name of a-z/ })
  })

  it('refuses a log in PostgreSQL that has lost an event', async (t) => {
    const { from, server, back, schema } = places(t)
    await fullLog(from)
    await copyLog(from, server)
    await ask(cluster.address, `DELETE FROM "${schema}".event WHERE seq = 9`)
    await assert.rejects(copyLog(server, back), { code: 'TIDINGS_LOG_DAMAGED', details: { seq: 9 } })
    assert.equal(existsSync(back), false)
  })
})
