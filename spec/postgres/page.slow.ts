import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { visit } from '../agent/page/visit.ts'
import { start, tidings, userFolder } from '../e2e/program.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'

const HOME = `
import { agent, job, listener, manual, on, Park } from 'tidings'

export default agent('home', [
  job('look', manual(), ({ slot }) => ({ type: 'seen', identifier: slot.toISOString(), data: null })),
  job('other', manual(), () => undefined),
  listener('hear', on('seen'), () => { throw new Park('not now') }),
])
`

interface Part {
  readonly name: string
  readonly standby?: true
}

interface Status {
  readonly agents: readonly { readonly jobs: readonly string[] }[]
  readonly jobs: readonly Part[]
  readonly listeners: readonly Part[]
}

describe('the page of a log in PostgreSQL', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  it('shows what all agents do, reaches them, and its numbers are those of the log', async (t) => {
    const folder = userFolder(t, { 'home.ts': HOME })
    const db = `${cluster.address}&schema=page`
    const agents = [1, 2].map(() => start(t, folder, 'tidings', ['run', 'home.ts', '--db', db]))
    await Promise.all(agents.map((agent) => agent.said(/agent started/)))
    const page = start(t, folder, 'tidings', ['ui', '--port', '0', '--db', db])
    await page.said(/token=/)
    const { host, searchParams } = new URL(page.printed().trim())
    const headers = { authorization: `Bearer ${searchParams.get('token')}`, 'content-type': 'application/json' }
    const asked = async (path: string, body?: string): Promise<unknown> => {
      const { status, text } = await visit(host, path, headers, body)
      assert.equal(status, 200, text)
      return JSON.parse(text) as unknown
    }
    const status = await until(async () => {
      const shown = (await asked('/api/status')) as Status
      const driven = shown.agents.flatMap(({ jobs }) => jobs).toSorted()
      return shown.agents.length === 2 && driven.join() === 'look,other' ? shown : undefined
    }, 'two agents that share the jobs')
    for (const part of [...status.jobs, ...status.listeners]) assert.equal(part.standby, undefined, part.name)
    const run = (await asked('/api/jobs/run', '{"name":"look"}')) as { readonly run: { readonly status: string } }
    assert.equal(run.run.status, 'done')
    await until(
      async () => JSON.stringify(await asked('/api/parked')).includes('not now'),
      'the event that was parked by an agent',
    )
    const metrics = await tidings(t, folder, ['metrics', '--db', db])
    assert.equal(metrics.code, 0, metrics.stderr)
    assert.match(metrics.stdout, /^tidings_info\{agent="home",/m)
    assert.match(metrics.stdout, /^tidings_problems\{kind="agent"\} 0$/m)
    assert.match(metrics.stdout, /^tidings_listener_events\{listener="hear",state="parked"\} 1$/m)
    assert.equal((await page.signal('SIGTERM')).code, 0)
    for (const agent of agents) assert.equal((await agent.signal('SIGTERM')).code, 0)
  })
})
