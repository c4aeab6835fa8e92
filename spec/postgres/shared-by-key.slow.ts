import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, type Listener, type ListenerOptions, listener, on, operations, Park, start } from '../../lib/index.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { sharedLog } from './shared-log.ts'

/** What a handler was given, by whom. */
interface Heard {
  readonly who: string
  readonly key: string
  readonly n: number
}

describe('a listener that agents share by key', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  /** Agents with one shared listener, which reports what it hears. `handle`: what else it does. */
  function fleet(
    t: TestContext,
    handle: (heard: Heard) => unknown = () => undefined,
    options: ListenerOptions = { shared: true, ordered: ({ data }) => (data as Heard).key },
  ) {
    const { open, expire } = sharedLog(t, cluster)
    const heard: Heard[] = []
    const of = (who: string, own = options): Listener =>
      listener(
        'news',
        on('it'),
        async ({ data }, { signal }) => {
          const { key, n } = data as Heard
          if (signal.aborted) return
          heard.push({ who, key, n })
          await handle({ who, key, n })
        },
        own,
      )
    const run = async (who: string, own = options) => {
      const log = await open()
      const running = await start(agent('home', [of(who, own)]), { log, logger: false })
      t.after(() => running.stop())
      return { log, running }
    }
    const shares = (): Record<string, number> => {
      const counts: Record<string, number> = {}
      for (const { who } of heard) counts[who] = (counts[who] ?? 0) + 1
      return counts
    }
    return { open, expire, run, heard, shares }
  }

  const KEYS = 40
  let sent = 0

  /** Publishes `count` events, the keys in turn. */
  async function send(log: PostgresLog, count: number): Promise<void> {
    const drafts = Array.from({ length: count }, () => {
      sent += 1
      return { type: 'it', identifier: `${sent}`, data: { key: `k${sent % KEYS}`, n: sent } }
    })
    await log.accept(drafts)
  }

  /** Each event of a key begins for the first time after all older ones. */
  function assertOrder(heard: readonly Heard[]): void {
    const seen = new Set<number>()
    const last = new Map<string, number>()
    for (const { key, n } of heard) {
      if (seen.has(n)) continue
      seen.add(n)
      assert.ok(n > (last.get(key) ?? 0), `event ${n} of ${key} after ${last.get(key)}`)
      last.set(key, n)
    }
  }

  it('gives each of two and of three agents a share, each event to one, in order in a key', async (t) => {
    const { run, heard, shares } = fleet(t, () => sleep(1))
    const one = await run('one')
    await send(one.log, 80)
    await until(() => heard.length === 80, 'the first to handle all')
    const other = await run('other')
    const third = await run('third')
    const spread = async (): Promise<boolean> => {
      heard.length = 0
      await send(one.log, 80)
      await until(() => heard.length >= 80, 'all to be handled')
      const counts = shares()
      return ['one', 'other', 'third'].every((who) => (counts[who] ?? 0) > 0)
    }
    await until(spread, 'each of three to handle some')
    await third.running.stop()
    heard.length = 0
    await send(other.log, 400)
    await until(() => heard.length === 400, 'all to be handled')
    assertOrder(heard)
    assert.ok((shares()['one'] ?? 0) > 0 && (shares()['other'] ?? 0) > 0, JSON.stringify(shares()))
    assert.equal(new Set(heard.map(({ n }) => n)).size, 400)
  })

  it('moves between deliveries when an agent joins, and tells nothing twice', async (t) => {
    const { run, heard, shares } = fleet(t, () => sleep(3))
    const one = await run('one')
    for (let i = 0; i < 10; i++) await send(one.log, 40)
    await run('other')
    await until(() => (shares()['other'] ?? 0) > 0, 'the other to handle some')
    for (let i = 0; i < 3; i++) await send(one.log, 40)
    await until(() => heard.length >= 520, 'all to be handled')
    assertOrder(heard)
    assert.equal(heard.length, 520)
  })

  it('keeps the order in a key while agents die, freeze and come', async (t) => {
    const { run, heard, expire } = fleet(t, () => sleep(2))
    const [one, other] = [await run('one'), await run('other')]
    const sender = await run('sender')
    const first = sent
    const died: string[] = []
    for (let round = 0; round < 6; round++) {
      await send(sender.log, 60)
      if (round === 1) {
        one.log.abandon()
        died.push('one')
      }
      // As if it had been frozen for longer than its lease.
      if (round === 3) await expire(other.log)
      if (round === 4) await run('late')
      await sleep(150)
    }
    await until(() => new Set(heard.map(({ n }) => n)).size === sent - first, 'all to be handled')
    // A dead or frozen agent may begin what another has begun already: these are not first starts.
    assertOrder(heard)
  })

  it('becomes shared and whole again, and tells each event once', async (t) => {
    let isBroken = true
    const key = ({ data }: { data: unknown }): string => (data as Heard).key
    const { run, heard, open } = fleet(t, ({ n }) => {
      if (isBroken && n % 10 === 0) throw new Park('broken')
    })
    const first = sent
    const whole = { ordered: key }
    const shared = { ordered: key, shared: true }
    const passes = async (options: ListenerOptions): Promise<void> => {
      const { log, running } = await run('one', options)
      await send(log, 50)
      await running.drained()
      await send(log, 7)
      await running.stop()
      await log.close()
    }
    for (const options of [whole, shared, whole, shared]) await passes(options)
    const log = await open()
    const parked: number[] = []
    const on = operations(log)
    for await (const { seq } of on.parked.list({ listener: 'news' })) parked.push(seq)
    assert.deepEqual(
      (await on.listeners.list()).map(({ name }) => name),
      ['news'],
    )
    isBroken = false
    const { running } = await run('one', whole)
    await running.drained()
    const told = heard.map(({ n }) => n)
    assert.equal(told.length, new Set(told).size, 'told twice')
    assert.equal(told.length, sent - first)
    assert.equal((await on.listeners.list())[0]?.parked, parked.length)
    assert.ok(parked.length > 15)
  })
})
