import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { agent, every, job, listener, on, start } from '../../lib/index.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { logSuite } from '../../lib/testing/log-suite.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster, startOtherCluster } from './cluster.ts'
import { openedLog } from './opened-log.ts'
import { type Pooler, startPooler } from './pooler.ts'
import { ask, drop } from './schemas.ts'
import { sharedLog } from './shared-log.ts'

/** So few that each statement of an agent may run on another one. */
const CONNECTIONS = 3

describe('a log in PostgreSQL behind PgBouncer in transaction mode', () => {
  let cluster: Cluster
  let pooler: Pooler
  let made = 0
  before(async () => {
    cluster = await startCluster({ fsync: 'off' })
    pooler = await startPooler(cluster, CONNECTIONS)
  })
  after(async () => {
    await pooler.remove()
    await cluster.remove()
  })

  const shared = (t: TestContext) => sharedLog(t, { ...cluster, address: pooler.address })
  const draft = (identifier: string) => ({ type: 'it', identifier, data: null })
  const never = new AbortController().signal

  it('uses the connections of the server in turn', async (t) => {
    const { open } = shared(t)
    const logs = await Promise.all([1, 2, 3, 4].map(() => open()))
    for (let n = 0; n < 50; n++) await Promise.all(logs.map((log, k) => log.accept([draft(`${n} ${k}`)])))
    const [[connections] = []] = await ask(
      cluster.address,
      `SELECT count(*)::int FROM pg_stat_activity WHERE application_name IN ('tidings', '') AND backend_type = 'client backend'
        AND pid <> pg_backend_pid()`,
    )
    assert.ok(Number(connections) <= CONNECTIONS, `8 connections of clients share ${connections}`)
    assert.equal(await logs[0]?.last(), 200)
  })

  it('tells agents about events of others soon, and never those of another log', async (t) => {
    const [first, second] = [shared(t), shared(t)]
    const [one, other] = [await first.open(), await first.open()]
    const [lone, little] = [await second.open(), await second.open()]
    const reached: number[] = []
    for (const log of [lone, little]) log.committed$.subscribe((seq) => reached.push(seq))
    const consumer = await other.consumer('mail', { start: 'start' })
    const waits: number[] = []
    for (let n = 0; n < 20; n++) {
      const began = performance.now()
      const pulled = consumer.pull(1, never)
      await one.accept([draft(`${n}`)])
      const [handed] = await pulled
      assert.equal(handed?.event.identifier, `${n}`)
      consumer.ack(handed)
      waits.push(performance.now() - began)
    }
    t.diagnostic(`heard after ${Math.round(waits.toSorted((a, b) => a - b)[10] ?? 0)} ms (median)`)
    await lone.accept([draft('a')])
    const alone = await little.consumer('mail', { start: 'start' })
    const [handed] = await alone.pull(1, never)
    assert.equal(handed?.event.identifier, 'a')
    alone.ack(handed)
    const next = alone.pull(1, never)
    // The other log is far ahead: a notification of it would move this one past its end.
    for (let n = 0; n < 50; n++) await Promise.all([one.accept([draft(`more ${n}`)]), lone.last(), little.last()])
    await lone.accept([draft('b')])
    assert.equal((await next)[0]?.event.identifier, 'b')
    assert.equal(Math.max(...reached), 2)
  })

  it('lets two agents share the work, and one take over', async (t) => {
    const { open } = shared(t)
    const heard: string[] = []
    const started: string[] = []
    const parts = [
      job('tick', every(1).seconds, ({ slot }) => {
        started.push(slot.toISOString())
        return { type: 'tick', identifier: slot.toISOString(), data: null }
      }),
      listener('hear', on('tick'), ({ identifier }) => void heard.push(identifier)),
    ]
    const run = async () => {
      const running = await start(agent('home', parts), { log: await open(), logger: false })
      t.after(() => running.stop())
      return running
    }
    const [one, other] = [await run(), await run()]
    await until(() => heard.length >= 3, 'events to be heard')
    const [holder, rest] = (await one.status()).listeners[0]?.standby === true ? [other, one] : [one, other]
    await holder.stop()
    const before = heard.length
    await until(() => heard.length >= before + 3, 'more events to be heard')
    assert.deepEqual((await rest.status()).problems, [])
    assert.equal(new Set(heard).size, heard.length, 'each event is told once')
    assert.equal(new Set(started).size, started.length, 'each slot runs once')
  })

  it('gives up what it holds when the pooler continues with another server', async (t) => {
    const other = await startOtherCluster({ fsync: 'off' })
    t.after(() => other.remove())
    const moved = await startPooler(cluster, CONNECTIONS)
    t.after(() => moved.remove())
    made += 1
    const options = { schema: `moved_${made}`, lease: 1500, warn: () => undefined }
    await (await openPostgres(other.address, options)).close()
    const log = await openPostgres(moved.address, options)
    t.after(() => log.close())
    const hold = await log.hold('job/poll', never)
    moved.moveTo(other)
    await until(() => hold?.lost.aborted === true, 'the hold to be lost')
    await until(() => log.state === 'ready', 'the log to be connected again')
    assert.equal((await log.accept([draft('a')]))[0]?.status, 'new')
    assert.deepEqual(await ask(other.address, `SELECT seq FROM "${options.schema}".head`), [['1']])
  })

  logSuite({
    test: it,
    open: (clock) => {
      made += 1
      const schema = `log_${made}`
      const { address: server } = cluster
      return openedLog({ address: pooler.address, server, schema, clock }, () => drop(server, schema))
    },
    patience: 60_000,
    runs: Number(process.env['TIDINGS_RUNS'] ?? 3),
  })
})
