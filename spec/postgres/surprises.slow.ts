import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../lib/core/clock.ts'
import {
  type Agent,
  agent,
  every,
  job,
  listener,
  manual,
  on,
  operations,
  type Running,
  start,
} from '../../lib/index.ts'
import { command } from '../support/command.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type SharedLog, sharedLog } from './shared-log.ts'

const look = (schedule = every(1).hours) => job('look', schedule, () => undefined)
const hear = listener('hear', on('it'), () => undefined)

describe('agents that share a log, and are not the same', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  async function run(t: TestContext, shared: SharedLog, of: Agent, load?: () => Promise<Agent>): Promise<Running> {
    const options = { log: await shared.open(), logger: false } as const
    const running = await start(of, load === undefined ? options : { ...options, load })
    t.after(() => running.stop())
    return running
  }

  const addressOf = ({ schema }: SharedLog): string => `${cluster.address}&schema=${schema}`

  it('log what differs, and agents ls, status and health show it', async (t) => {
    const shared = sharedLog(t, cluster)
    const one = await run(t, shared, agent('home', [look(), hear]))
    const other = await run(t, shared, agent('home', [look(every(2).hours), job('extra', manual(), () => undefined)]))
    const asked = operations(await shared.open())
    const patterns = [
      /^job "extra" is known to home on .*, and not to home on /,
      /^listener "hear" is known to home on .*, and not to home on /,
      /^job "look" has different schedules: every hour on home .*; every 2 hours on home /,
      /^agent "home" runs 2 times on /,
    ]
    const found = await until(async () => {
      const all = await asked.agents.surprises()
      return all.length === patterns.length && all
    }, 'all that differs')
    for (const [n, pattern] of patterns.entries()) assert.match(found[n] ?? '', pattern)
    const logged = ({ logged }: Running): unknown[] =>
      logged.filter(({ message }) => message === 'agents on the log differ').map(({ fields }) => fields['surprise'])
    for (const each of [one, other])
      await until(() => logged(each).length >= patterns.length, 'the agent to log what differs')
    assert.deepEqual((await asked.status()).surprises, found)
    for (const words of [['agents', 'ls'], ['status'], ['health']]) {
      const { code, stderr } = await command(...words, '--db', addressOf(shared))
      assert.equal(code, 0, stderr)
      for (const surprise of found) assert.ok(stderr.includes(`tidings: ${surprise}`), `${words.join(' ')}: ${stderr}`)
    }
    await other.stop()
    await until(async () => (await asked.agents.surprises()).length === 0, 'nothing to differ')
    assert.equal(new Set(logged(one)).size, logged(one).length, 'each is logged once')
  })

  it('know whose clock is wrong, and date by the clock of the server', async (t) => {
    const shared = sharedLog(t, cluster)
    const log = await shared.open()
    const { now } = systemClock
    t.mock.method(systemClock, 'now', () => now() + 60_000)
    const running = await start(agent('home', [look()]), { log, logger: false })
    t.after(() => running.stop())
    const asked = operations(log)
    const [surprise] = await until(async () => {
      const all = await asked.agents.surprises()
      return all.length > 0 && all
    }, 'the clock to be a surprise')
    assert.match(surprise ?? '', /^the clock of home on .* is (59s|1m|1m1s) ahead of that of the server$/)
    const { event } = await running.publish('it', 'a', null)
    assert.ok(Math.abs((event?.created ?? 0) - now()) < 30_000)
  })

  it('load their code again, each its own; what one answers is shown, and one that fails is named', async (t) => {
    const shared = sharedLog(t, cluster)
    const good = agent('home', [look(every(2).hours), hear])
    await run(t, shared, agent('home', [look(), hear]), async () => good)
    await run(t, shared, agent('home', [look(), hear]), async () => {
      throw new Error('home.ts:3: no')
    })
    const log = await shared.open()
    const [first, second] = await operations(log).agents.reload()
    assert.deepEqual(
      first?.reloaded?.changes.map(({ name, change }) => [name, change]),
      [['look', 'changed']],
    )
    assert.match(second?.error ?? '', /^home\.ts:3: no; still running the version of /)
    const again = await command('reload', '--db', addressOf(shared))
    assert.equal(again.code, 1)
    assert.match(again.stdout, /^agent "home" on .*, pid \d+\n {2}= jobs and listeners as before\n/)
    assert.match(again.stderr, /^tidings: agent "home" on .*, pid \d+: home\.ts:3: no; still running/)
    const json = await command('reload', '--json', '--db', addressOf(shared))
    const rows = json.stdout.trimEnd().split('\n')
    assert.deepEqual(
      rows.map((row) => Object.keys(JSON.parse(row) as object)),
      [
        ['agent', 'host', 'pid', 'reloaded'],
        ['agent', 'host', 'pid', 'error'],
      ],
    )
  })

  it('show a pause as it is now, also those that stand by', async (t) => {
    const shared = sharedLog(t, cluster)
    const agents = [
      await run(t, shared, agent('home', [look(), hear])),
      await run(t, shared, agent('home', [look(), hear])),
    ]
    const asked = operations(await shared.open())
    const paused = async (): Promise<unknown[]> =>
      (await Promise.all(agents.map((each) => each.status()))).map(({ jobs, listeners }) => [
        jobs[0]?.paused,
        listeners[0]?.paused,
      ])
    const standsBy = async (): Promise<boolean> =>
      (await Promise.all(agents.map((each) => each.status()))).some(({ listeners }) => listeners[0]?.standby === true)
    await until(standsBy, 'one agent to stand by')
    await asked.jobs.pause('look')
    await asked.listeners.pause('hear')
    assert.deepEqual(await paused(), [
      [true, true],
      [true, true],
    ])
    await asked.jobs.resume('look')
    await asked.listeners.resume('hear')
    assert.deepEqual(await paused(), [
      [undefined, undefined],
      [undefined, undefined],
    ])
  })
})
