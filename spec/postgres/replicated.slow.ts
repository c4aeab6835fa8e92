import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, listener, on, start } from '../../lib/index.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { afterAll } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { type Cluster, promote, startCluster, startStandby, waitForStandby } from './cluster.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { ask } from './schemas.ts'

/** The lease of the agents, in ms: long enough that one that is cut off for a moment still counts. */
const LEASE = 20_000

/** Whether a promise is settled after a second. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const end = promise.then(
    () => true,
    () => true,
  )
  return Promise.race([end, sleep(1000, false)])
}

const draft = (identifier: string) => ({ type: 'it', identifier, data: null })

// Broken on purpose, these find: duplicates that don't wait (`accept_1`), notes that don't wait (`save_1`), an arrival that
// waits for nobody, and a head that is not raised.
describe('a log on a server with a standby', () => {
  async function servers(t: TestContext): Promise<readonly [primary: Cluster, standby: Cluster]> {
    const primary = await startCluster()
    afterAll(t, () => primary.remove())
    const standby = await startStandby(primary)
    afterAll(t, () => standby.remove())
    return [primary, standby]
  }

  async function open(t: TestContext, directories: readonly string[]): Promise<PostgresLog> {
    const address = `postgres:///postgres?host=${encodeURIComponent(directories.join(','))}&user=tidings`
    const log = await openPostgres(address, { schema: 'home', lease: LEASE, warn: () => undefined })
    t.after(() => log.abandon())
    return log
  }

  it('answers no duplicate, and hands nothing out, before the standby has it', async (t) => {
    const [primary, standby] = await servers(t)
    await waitForStandby(primary)
    const both = [primary.directory, standby.directory]
    const [one, other, third] = [await open(t, both), await open(t, both), await open(t, both)]
    assert.equal(one.durability, 'quorum')
    const consumer = await third.consumer('mail', { start: 'start' })
    await one.accept([draft('one')])
    const [handed] = await consumer.pull(1, AbortSignal.timeout(30_000))
    assert.equal(handed?.event.identifier, 'one')
    await standby.stop()
    // Ended in two ways: with its connection, and by itself, which is a success with a warning.
    for (const [end, identifier] of [
      ['pg_terminate_backend', 'two'],
      ['pg_cancel_backend', 'three'],
    ] as const) {
      await until(() => one.state === 'ready', 'the log to be connected')
      const refused = assert.rejects(one.accept([draft(identifier)]), { code: 'TIDINGS_LOG_FAILED' })
      const text = `SELECT ${end}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%accept_2%'`
      await until(
        async () => (await ask(primary.address, text)).length > 0 || (await sleep(50)),
        'an accept that waits',
      )
      await refused
    }
    const asked = other.accept([draft('two'), draft('three')])
    const pulled = consumer.pull(1, AbortSignal.timeout(60_000))
    // Longer than any other answer may take.
    await sleep(11_000)
    assert.deepEqual(await Promise.all([asked, pulled].map(isSettled)), [false, false])
    assert.equal(other.state, 'ready', 'an accept that waits has no time limit')
    await standby.start()
    assert.deepEqual(
      (await asked).map(({ status, seq }) => [status, seq]),
      [
        ['duplicate', 2],
        ['duplicate', 3],
      ],
    )
    assert.deepEqual(
      (await pulled).map(({ event }) => event.identifier),
      ['two'],
    )
    await primary.stop('SIGKILL')
    await promote(standby)
    const after = await open(t, both)
    assert.equal(after.durability, 'disk')
    const again = await after.accept(['one', 'two', 'three', 'four'].map(draft))
    assert.deepEqual(
      again.map(({ status, seq }) => [status, seq]),
      [
        ['duplicate', 1],
        ['duplicate', 2],
        ['duplicate', 3],
        ['new', 4],
      ],
    )
  })

  // The primary dies with 40 events that the standby never gets. `handled` waits for what it gets of those before.
  async function loseTail(
    primary: Cluster,
    standby: Cluster,
    log: PostgresLog,
    handled: () => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    const send = (from: number, count: number) =>
      log.accept(Array.from({ length: count }, (_, i) => draft(`${from + i}`)))
    await send(1, 50)
    await handled()
    const [[end] = []] = await ask(primary.address, 'SELECT pg_current_wal_insert_lsn()')
    const isThere = `SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn`
    await until(
      async () => (await ask(standby.address, isThere, [end]))[0]?.[0] === true || (await sleep(20)),
      'the standby to catch up',
    )
    await standby.stop()
    await send(51, 40)
  }

  async function takeOver(primary: Cluster, standby: Cluster): Promise<void> {
    await primary.stop('SIGKILL')
    await standby.start()
    await promote(standby)
  }

  it('tells what was lost with the primary, and everything after it, with one agent', async (t) => {
    const [primary, standby] = await servers(t)
    const log = await open(t, [primary.directory, standby.directory])
    assert.equal(log.durability, 'disk')
    const heard: string[] = []
    const hear = listener('hear', on('it', 'tidings.log.lost'), ({ type, identifier, data }) => {
      heard.push(type === 'it' ? identifier : JSON.stringify(data))
    })
    const running = await start(agent('home', [hear]), { log, logger: false })
    t.after(() => running.stop())
    // Without their acks, the standby would have them handled again.
    await loseTail(primary, standby, log, () => running.drained())
    await until(() => heard.length === 90, 'all events to be handled')
    await takeOver(primary, standby)
    await until(() => log.state === 'ready', 'the log to be connected again')
    const again = await log.accept(Array.from({ length: 81 }, (_, i) => draft(`${51 + i}`)))
    assert.ok(again.every(({ status, seq }) => status === 'new' && seq > 90))
    await until(() => heard.length >= 90 + 82, 'all events after that to be handled')
    assert.deepEqual(heard.slice(90), ['{"from":51,"to":90}', ...Array.from({ length: 81 }, (_, i) => `${51 + i}`)])
    const seqs: number[] = []
    for await (const { seq } of log.events()) seqs.push(seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: 90 + 82 }, (_, i) => i + 1),
    )
  })

  it('uses no seq twice, although the agent that knows the last ones comes last', async (t) => {
    const [primary, standby] = await servers(t)
    const proxies: Proxy[] = []
    const through = async (cluster: Cluster): Promise<Proxy> => {
      const proxy = await startProxy(cluster.directory)
      afterAll(t, () => proxy.remove())
      proxies.push(proxy)
      return proxy
    }
    const [unaware, late] = [await through(primary), await through(standby)]
    const one = await open(t, [unaware.directory, standby.directory])
    const other = await open(t, [primary.directory, late.directory])
    // One agent hears of nothing more from the old primary; the other can't reach the new one before that one has arrived.
    let ended: () => void = () => undefined
    const isCut = unaware.cut(new Promise<void>((resolve) => (ended = resolve)))
    await loseTail(primary, standby, other)
    let arrived: () => void = () => undefined
    const isLate = late.cut(new Promise<void>((resolve) => (arrived = resolve)))
    await takeOver(primary, standby)
    ended()
    await isCut
    const first = `SELECT FROM home.arrival UNION ALL
      SELECT FROM home.history WHERE timeline = home.timeline_2() AND seq IS NOT NULL`
    await until(async () => (await ask(standby.address, first)).length > 0 || (await sleep(50)), 'one agent to arrive')
    arrived()
    await until(() => one.state === 'ready', 'one agent to be connected again')
    const [answer] = await one.accept([draft('another')])
    assert.ok((answer?.seq ?? 0) > 90, `event ${answer?.seq}`)
    await isLate
    await until(() => other.state === 'ready', 'the other agent to be connected again')
    const lost: unknown[] = []
    for await (const { data, identifier } of one.events({ types: ['tidings.log.lost'] }))
      if (identifier.includes('-')) lost.push(data)
    assert.deepEqual(lost, [{ from: 51, to: 90 }])
    assert.equal((await other.accept([draft('yet another')]))[0]?.seq, 93)
  })
})
