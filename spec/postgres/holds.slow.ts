import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, every, job, type Running, start } from '../../lib/index.ts'
import type { Hold } from '../../lib/log/port.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'
import { LONG, type SharedLog, sharedLog } from './shared-log.ts'

const now = AbortSignal.abort()
const never = new AbortController().signal
const closed = { code: 'TIDINGS_LOG_CLOSED' }

describe('what only one agent may have', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  const shared = (t: TestContext): SharedLog => sharedLog(t, cluster)

  const held = async (log: PostgresLog, name = 'job/poll'): Promise<Required<Hold>> => {
    const hold = await log.hold(name, never)
    assert.ok(hold?.log !== undefined)
    return hold as Required<Hold>
  }

  it('is free again when it is released, when its log is closed, and when its agent has died', async (t) => {
    const { open } = shared(t)
    const [one, other, third, last] = [await open(), await open(), await open(), await open()]
    const first = await held(one)
    assert.equal(await other.hold('job/poll', now), undefined)
    assert.notEqual(await other.hold('job/another', now), undefined)
    await first.release()
    await held(other)
    const waiting = held(third)
    await other.close()
    await waiting
    const patient = held(last)
    third.abandon()
    assert.equal((await patient).lost.aborted, false)
  })

  it('waits until the signal aborts', async (t) => {
    const { open } = shared(t)
    const [one, other] = [await open(), await open()]
    await held(one)
    const controller = new AbortController()
    const waiting = other.hold('job/poll', controller.signal)
    controller.abort()
    assert.equal(await waiting, undefined)
  })

  it('stores nothing for the agent that had it before', async (t) => {
    const { open, expire } = shared(t)
    const [one, other] = [await open(), await open()]
    const lost = await held(one)
    const slot = new Date('2026-03-01T12:00:00Z')
    const claim = await lost.log.claim('poll', slot, 60_000)
    await expire(one)
    const { log } = await held(other)
    assert.equal((await log.claim('poll', slot, 60_000))?.attempt, 2, 'what the other has claimed is void')
    const draft = { type: 'it', identifier: 'a', data: null }
    const state = [{ namespace: 'n', key: 'k', value: 1 }]
    await assert.rejects(lost.log.accept([draft], { state }), closed)
    assert.equal(lost.lost.aborted, true)
    await assert.rejects(lost.log.store('n').set('k', 1), closed)
    await assert.rejects(lost.log.plan('poll', { upTo: slot }), closed)
    await assert.rejects(claim?.done('done') ?? Promise.resolve(), closed)
    assert.equal(await other.store('n').get('k'), undefined)
    assert.equal(await other.last(), 0)
    assert.deepEqual(
      (await one.accept([draft])).map(({ status }) => status),
      ['new'],
      'the log itself is open',
    )
  })

  it('stays with its agent when the server starts again, and what the old connection writes late is refused', async (t) => {
    const { schema, open } = sharedLog(t, cluster, LONG)
    const log = await open()
    const hold = await held(log)
    const [[before] = []] = await ask(cluster.address, `SELECT epoch FROM "${schema}".hold`)
    await cluster.restart()
    await until(() => log.state === 'ready', 'the log to be connected again')
    const [[epoch] = []] = await ask(cluster.address, `SELECT epoch FROM "${schema}".hold`)
    assert.equal(Number(epoch), Number(before) + 1)
    assert.equal((await hold.log.accept([{ type: 'it', identifier: 'a', data: null }]))[0]?.status, 'new')
    assert.equal(hold.lost.aborted, false)
  })

  it('is lost when the server is out of reach for longer than the lease', async (t) => {
    const { open } = shared(t)
    const log = await open()
    const hold = await held(log)
    await cluster.stop()
    await until(() => hold.lost.aborted, 'the lease to end')
    await cluster.restart()
    await until(() => log.state === 'ready', 'the log to be connected again')
    await assert.rejects(hold.log.store('n').set('k', 1), closed)
    assert.equal((await held(log)).lost.aborted, false)
  })

  it('spreads over the agents that want it, and moves when one comes or goes', async (t) => {
    const { open } = shared(t)
    const names = Array.from({ length: 24 }, (_, i) => `poll_${i}`)
    const drivers = new Map<string, string>()
    const jobs = (who: string) =>
      names.map((name) => job(name, every(1).seconds, () => void drivers.set(name, who), { atStart: true }))
    const of = (who: string): number => [...drivers.values()].filter((driver) => driver === who).length
    const run = async (who: string) => start(agent('home', jobs(who)), { log: await open(), logger: false })
    const one = await run('one')
    t.after(() => one.stop())
    await until(() => of('one') === 24, 'one agent to drive all')
    const other = await run('other')
    await until(() => of('other') >= 6 && of('one') >= 6, 'both to drive some')
    await other.stop()
    drivers.clear()
    await until(() => of('one') === 24, 'the first to drive all again')
  })

  it('makes the runs of a job follow one another, whichever agent dies', async (t) => {
    const { schema, open } = shared(t)
    let running = 0
    let overlaps = 0
    const done: number[] = []
    const poll = job('poll', every(1).seconds, async ({ state, signal }) => {
      running += 1
      if (running > 1) overlaps += 1
      const count = await state.get('count', 0)
      await sleep(700)
      running -= 1
      if (signal.aborted) return
      state.set('count', count + 1)
      done.push(count + 1)
    })
    const logs: PostgresLog[] = []
    const agents: Running[] = []
    const run = async (): Promise<void> => {
      const log = await open()
      logs.push(log)
      const running = await start(agent('home', [poll]), { log, logger: false })
      agents.push(running)
      t.after(() => running.stop())
    }
    await Promise.all([run(), run()])
    for (let death = 0; death < 3; death++) {
      const before = done.length
      await until(() => done.length >= before + 2, 'two runs')
      const [[holder] = []] = await ask(cluster.address, `SELECT holder FROM "${schema}".hold WHERE name = 'job/poll'`)
      logs.find((log) => log.agent === holder)?.abandon()
      await run()
    }
    const before = done.length
    await until(() => done.length >= before + 2, 'two more runs')
    // What has run is recorded.
    await Promise.all(agents.map((each) => each.stop()))
    assert.equal(overlaps, 0)
    const stored = await logs.at(-1)?.store('job/poll').get<number>('count')
    // A run that ended as its agent died stored nothing, and its number is counted again.
    assert.equal(stored?.value, done.at(-1))
    let completed = 0
    for await (const { outcome } of (logs.at(-1) as PostgresLog).runs('poll'))
      if ((outcome as { status?: string } | undefined)?.status === 'done') completed += 1
    assert.equal(completed, stored?.value)
  })
})
