import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { agent, listener, on, operations, Park, start } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { sharedLog } from './shared-log.ts'

describe('a listener that agents share, asked from another process', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  /** Two agents that share a listener, each with some of its shards, and the operations of a third process. */
  async function shared(t: TestContext, { asked = true } = {}) {
    const { open } = sharedLog(t, cluster)
    const heard: string[] = []
    const broken = { is: true }
    const news = listener(
      'news',
      on('it'),
      ({ identifier }) => {
        if (broken.is) throw new Park('broken')
        heard.push(identifier)
      },
      { shared: true },
    )
    const run = async () => {
      const log = await open()
      const running = await start(agent('home', [news]), { log, logger: false })
      t.after(() => running.stop())
      return { log, running }
    }
    const agents = asked ? [await run(), await run()] : []
    const log = await open()
    const asks = operations(log)
    if (asked)
      await until(async () => {
        const rows = await asks.agents.list()
        return rows.length === 2 && rows.every(({ shards }) => shards?.['news']?.length === 4)
      }, 'each agent to handle half of the shards')
    const publish = (from: number, to: number) =>
      log.accept(
        Array.from({ length: to - from + 1 }, (_, i) => ({ type: 'it', identifier: `${from + i}`, data: null })),
      )
    const row = async () => {
      const rows = (await asks.status()).listeners
      assert.deepEqual(
        rows.map(({ name }) => name),
        ['news'],
      )
      return rows[0]
    }
    return { heard, broken, asks, publish, row, run, agents, log }
  }

  it('is one listener: listed, parked, retried, dropped, told again, reset, paused and renamed', async (t) => {
    const { heard, broken, asks, publish, row, log } = await shared(t)
    await publish(1, 40)
    await until(async () => (await row())?.parked === 40, 'all to be parked')
    assert.deepEqual(
      (await asks.listeners.list()).map(({ name, parked }) => [name, parked]),
      [['news', 40]],
    )
    const parked: number[] = []
    for await (const { seq, listener: name } of asks.parked.list()) parked.push(name === 'news' ? seq : 0)
    assert.deepEqual(
      parked,
      Array.from({ length: 40 }, (_, i) => i + 1),
    )
    broken.is = false
    assert.deepEqual(await asks.parked.retry('news', 7), [7])
    assert.equal((await asks.parked.retry('news', 8, { seqs: [9] })).count, 0)
    await until(() => heard.length === 1, 'the first to be handled')
    const match = { seqs: [1, 2, 3, 4, 5, 6] }
    assert.equal((await asks.parked.retry('news', undefined, match)).count, 6)
    assert.equal((await asks.parked.drop('news', undefined, { seqs: [8, 9] })).count, 2)
    assert.deepEqual((await asks.parked.retry('news')).length, 31)
    await until(() => heard.length === 38, 'all others to be handled')
    await until(async () => (await row())?.parked === 0, 'none to be parked')

    assert.equal((await asks.listeners.pause('news')).changed, true)
    await publish(41, 60)
    assert.equal((await row())?.paused, true)
    assert.equal(heard.length, 38)
    await asks.listeners.resume('news')
    await until(() => heard.length === 58, 'what came meanwhile')
    assert.ok((await asks.listeners.deliveries('news', { limit: 20 })).length === 20)

    const { told } = await asks.replay.tell('news', [1, 2, 3, 4, 5], { again: true })
    assert.deepEqual(told, [1, 2, 3, 4, 5])
    await until(() => heard.length === 63, 'five to be handled again')
    assert.equal((await log.place('news', 3))?.state, 'settled')

    const last = await log.last()
    const reset = await asks.listeners.reset('news', { to: String(last - 9) })
    assert.deepEqual([reset.moved, reset.cursor], [true, last - 10])
    await until(() => heard.length === 73, 'the last ten to be handled again')

    assert.deepEqual(await asks.listeners.rename('news', 'old news'), { name: 'old news', formerly: 'news' })
    assert.deepEqual(
      (await asks.listeners.list()).map(({ name }) => name),
      ['old news'],
    )
  })

  it('is steered where no agent runs, and its agents find it so', async (t) => {
    const { heard, broken, asks, publish, run, log } = await shared(t, { asked: false })
    const first = await run()
    await publish(1, 20)
    await until(async () => (await asks.listeners.list())[0]?.parked === 20, 'all to be parked')
    await first.running.stop()
    await first.log.close()
    assert.equal((await asks.parked.retry('news')).length, 20)
    const { told } = await asks.replay.tell('news', [1, 2, 3], { again: true })
    assert.deepEqual(told, [1, 2, 3])
    assert.equal((await asks.listeners.reset('news', { to: 'start' })).moved, true)
    broken.is = false
    await run()
    // Released ones come once, as those that the reset lets it hear again.
    await until(() => new Set(heard).size === 20, 'all to be handled')
    assert.equal((await asks.listeners.list())[0]?.parked, 0)
    assert.equal(await log.forgetConsumer('news'), true)
  })
})
