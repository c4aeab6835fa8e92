import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { agent, every, job, listener, manual, on, operations, Park, start } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { LONG, sharedLog } from './shared-log.ts'

describe('agents that share a log, asked from another process', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  /** Two agents with these parts, and the operations of a third process. */
  async function shared(t: TestContext, parts: (who: string) => Parameters<typeof agent>[1]) {
    const { open, die } = sharedLog(t, cluster, LONG)
    const run = async (who: string) => {
      const log = await open()
      const running = await start(agent('home', parts(who)), { log, logger: false })
      t.after(() => running.stop())
      return { log, running }
    }
    const [one, other] = [await run('one'), await run('other')]
    return { one, other, die, on: operations(await open()) }
  }

  it('are listed with what each of them does', async (t) => {
    const names = Array.from({ length: 8 }, (_, i) => `poll_${i}`)
    const { one, on: asked } = await shared(t, () => names.map((name) => job(name, every(1).hours, () => undefined)))
    await until(async () => {
      const rows = await asked.agents.list()
      return (
        rows.length === 2 &&
        rows
          .flatMap(({ jobs }) => jobs)
          .toSorted()
          .join() === names.join()
      )
    }, 'each job to be driven by one of two agents')
    const [row] = await asked.agents.list()
    assert.deepEqual([row?.agent, row?.pid], ['home', process.pid])
    await one.running.stop()
    await until(async () => (await asked.agents.list()).length === 1, 'the one that stopped to be gone')
  })

  it('run, pause and resume a job where it is driven', async (t) => {
    const ran: string[] = []
    const { one, other, on: asked } = await shared(t, (who) => [job('poll', manual(), () => void ran.push(who))])
    const { run } = await asked.jobs.run('poll')
    assert.equal(run?.status, 'done')
    assert.equal(ran.length, 1)
    // The job may move to the other agent in between.
    const driven = async () =>
      [one, other].map(({ running }) => running.status()).map(async (each) => (await each).jobs[0])
    const paused = async () => (await Promise.all(await driven())).find((each) => each?.standby !== true)?.paused
    await asked.jobs.pause('poll')
    assert.equal(await paused(), true)
    assert.equal((await asked.status()).jobs[0]?.paused, true)
    await asked.jobs.resume('poll')
    assert.equal(await paused(), undefined)
    await assert.rejects(asked.jobs.run('unknown'), { code: 'TIDINGS_LOG_INVALID' })
  })

  it('retry a parked event where its listener is handled, and after that agent has died', async (t) => {
    let isBroken = true
    const heard: string[] = []
    const {
      one,
      other,
      die,
      on: asked,
    } = await shared(t, (who) => [
      listener('mail', on('it'), ({ identifier }) => {
        if (isBroken) throw new Park('the mail server is gone')
        heard.push(`${who} ${identifier}`)
      }),
    ])
    await one.log.accept([{ type: 'it', identifier: 'a', data: null }])
    await one.log.accept([{ type: 'it', identifier: 'b', data: null }])
    const parked = async (): Promise<number> => {
      let count = 0
      for await (const _ of asked.parked.list({ listener: 'mail' })) count += 1
      return count
    }
    await until(async () => (await parked()) === 2, 'both events to be parked')
    isBroken = false
    await asked.parked.retry('mail', 1)
    await until(() => heard.length === 1, 'the first event to be handled')
    const [who] = heard[0]?.split(' ') ?? []
    const [holder, rest] = who === 'one' ? [one, other] : [other, one]
    await die(holder.log)
    await asked.parked.retry('mail', 2)
    const second = `${who === 'one' ? 'other' : 'one'} b`
    // The first event may come again: its agent died within 50 ms of handling it.
    await until(() => heard.includes(second), 'the second event to be handled')
    assert.equal(heard.filter((each) => each.endsWith(' b')).length, 1)
    assert.deepEqual(
      (await asked.status()).listeners.map(({ parked: left }) => left),
      [0],
    )
    assert.deepEqual((await rest.running.status()).problems, [])
  })
})
