import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { start, tidings, userFolder } from '../e2e/program.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'

/** The example of docs/many-machines.md. */
const HOME = readFileSync(join(import.meta.dirname, '../../docs/examples/shared.ts'), 'utf8')

interface Agent {
  readonly id: string
  readonly pid: number
  readonly jobs: readonly string[]
  readonly listeners: readonly string[]
}

describe('commands on a log in PostgreSQL', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  /** A pause between two commands of a loop, each of which is a process. */
  const pause = (): Promise<undefined> => sleep(1000)

  async function asked(t: TestContext, folder: string, db: string, ...args: string[]): Promise<unknown[]> {
    const { code, stdout, stderr } = await tidings(t, folder, [...args, '--json', '--db', db])
    assert.ok(code === 0 || args[0] === 'status', stderr)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
  }

  it('reach the agent that does the work, and go on when that is killed', async (t) => {
    const folder = userFolder(t, { 'home.ts': HOME })
    const db = `${cluster.address}&schema=home`
    const missing = await tidings(t, folder, ['status', '--db', db])
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /there is no log in the schema "home"/)

    const programs = [1, 2].map(() => start(t, folder, 'tidings', ['run', 'home.ts', '--db', db]))
    const agents = async (): Promise<Agent[]> => (await asked(t, folder, db, 'agents', 'ls')) as Agent[]
    await Promise.all(programs.map((program) => program.said(/agent started/)))
    await until(async () => {
      const rows = await agents()
      const jobs = rows.flatMap((row) => row.jobs).toSorted()
      return (rows.length === 2 && jobs.join() === 'look,tick') || pause()
    }, 'two agents that share the jobs')

    const run = (await asked(t, folder, db, 'jobs', 'run', 'look')) as { run?: { status: string } }[]
    assert.equal(run[0]?.run?.status, 'done')
    const [status] = (await asked(t, folder, db, 'status')) as { agents: Agent[]; problems: string[] }[]
    assert.deepEqual([status?.agents.length, status?.problems], [2, []])
    const health = await tidings(t, folder, ['health', '--db', db])
    assert.deepEqual([health.code, health.stdout.startsWith('agent "home" is healthy')], [0, true], health.stderr)

    await asked(t, folder, db, 'jobs', 'pause', 'tick')
    const ticks = async (): Promise<number> =>
      Number(((await asked(t, folder, db, 'events', 'count', '--type', 'tick')) as { count: number }[])[0]?.count)
    const paused = await ticks()
    await asked(t, folder, db, 'jobs', 'resume', 'tick')
    await until(async () => (await ticks()) > paused || pause(), 'the job to run again')

    const handler = (await agents()).find(({ listeners }) => listeners.includes('hear'))
    assert.ok(handler !== undefined)
    process.kill(handler.pid, 'SIGKILL')
    const before = await ticks()
    await until(async () => {
      const rows = await agents()
      return (rows.length === 1 && rows[0]?.jobs.length === 2 && rows[0].listeners.includes('hear')) || pause()
    }, 'the other agent to do everything')
    await until(async () => (await ticks()) > before || pause(), 'more events')
    await Promise.all(programs.map((program) => program.signal('SIGTERM')))
    const printed = programs.flatMap((program) => program.printed().match(/^heard .*$/gm) ?? [])
    assert.equal(new Set(printed).size, printed.length, 'each event was heard once')
    const secret = `${db}&password=hush`
    const once = await tidings(t, folder, ['run', 'home.ts', '--once', '--json', '--db', secret])
    assert.equal(once.code, 0, once.stderr)
    assert.equal(
      (JSON.parse(once.stdout.trimEnd().split('\n').at(-1) ?? '') as { log: string }).log,
      `${db}&password=…`,
    )
    assert.doesNotMatch(once.stdout + once.stderr, /hush|cannot answer commands/)
    const tail = start(t, folder, 'tidings', ['events', 'tail', '-f', '-n', '0', '--json', '--db', db])
    await tidings(t, folder, ['run', 'home.ts', '--once', '--db', db])
    await tail.said(/"type":"tick"/)
    const count = async (): Promise<unknown> => (await asked(t, folder, db, 'events', 'count'))[0]
    const all = await count()
    await asked(t, folder, db, 'events', 'export', '--to', 'events.ndjson')
    await asked(t, folder, db, 'events', 'import', 'events.ndjson')
    assert.deepEqual(await count(), all, 'events that are known are not told again')
    const repair = await tidings(t, folder, ['db', 'repair', '--db', db])
    assert.match(repair.stderr, /backed up and restored with its database, by pg_dump/)
  })
})
