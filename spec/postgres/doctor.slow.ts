import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import pg from 'pg'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { command } from '../support/command.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

interface Finding {
  readonly about: string
  readonly level: string
  readonly message: string
}

describe('tidings doctor', () => {
  let cluster: Cluster
  let made = 0
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  async function log(t: TestContext) {
    made += 1
    const address = `${cluster.address}&schema=doctor_${made}`
    const opened = await openPostgres(address, { warn: () => undefined })
    t.after(() => opened.close())
    return { address, schema: `doctor_${made}`, log: opened }
  }

  async function examined(
    address: string,
  ): Promise<{ readonly code: number; about(what: string): readonly Finding[] }> {
    const { code, stdout, stderr } = await command('doctor', '--json', '--db', address)
    const { findings } = JSON.parse(stdout || `{"findings":[{"about":"?","message":${JSON.stringify(stderr)}}]}`) as {
      readonly findings: readonly Finding[]
    }
    return { code, about: (what) => findings.filter(({ about }) => about === what) }
  }

  it('finds a sound server and log fine', async (t) => {
    const { address, log: opened } = await log(t)
    const running = await start(agent('home', []), { log: opened, logger: false })
    t.after(() => running.stop())
    const { code, about } = await examined(address)
    assert.equal(code, 0)
    const all = [
      'server',
      'primary',
      'durability',
      'replication',
      'snapshot',
      'clock',
      'notifications',
      'disk',
      'log',
      'rights',
      'agents',
    ]
    for (const what of all)
      assert.deepEqual(
        about(what).map(({ level }) => level),
        ['ok'],
        what,
      )
    assert.match(about('server')[0]?.message ?? '', /^PostgreSQL 1\d/)
    assert.match(about('durability')[0]?.message ?? '', /a power loss of the server.*fsync = on/)
    assert.match(about('agents')[0]?.message ?? '', /^1 agent runs on .+, version \d/)
    assert.match(about('disk')[0]?.message ?? '', /MB of room$/)
    const said = await command('doctor', '--db', address)
    assert.match(said.stdout, /^ok\s+server\s+PostgreSQL/)
  })

  it('names who holds a snapshot while thousands of commits pass', async (t) => {
    const { address, schema } = await log(t)
    const holder = new pg.Client({ connectionString: cluster.address, application_name: 'a dump' })
    await holder.connect()
    try {
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class')
      await ask(cluster.address, 'SET synchronous_commit = off')
      await ask(
        cluster.address,
        `DO $$ BEGIN SET synchronous_commit = off;
          FOR i IN 1..5000 LOOP UPDATE "${schema}".head SET created = created; COMMIT; END LOOP; END $$`,
      )
      const { code, about } = await examined(address)
      const [found] = about('snapshot')
      assert.deepEqual([code, found?.level], [0, 'warning'])
      assert.match(
        found?.message ?? '',
        /^process \d+ \(a dump, of tidings, idle in transaction\) holds a snapshot for \d+ s, 5\d\d\d transactions old/,
      )
    } finally {
      await holder.end()
    }
    assert.equal((await examined(address)).about('snapshot')[0]?.level, 'ok')
  })

  it('names missing rights', async (t) => {
    const { address, schema } = await log(t)
    await ask(
      cluster.address,
      `CREATE ROLE poor LOGIN; GRANT USAGE ON SCHEMA "${schema}" TO poor; GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO poor`,
    )
    const { code, about } = await examined(address.replace('user=tidings', 'user=poor'))
    assert.equal(code, 1)
    assert.match(
      about('rights')[0]?.message ?? '',
      /role poor may not run agents, it lacks DELETE agent, .* and \d+ more: grant it doctor_\d+_agent/,
    )
  })

  it('sees agents of two versions, and what one that died has left', async (t) => {
    const { address, schema, log: opened } = await log(t)
    assert.ok((await opened.hold('job/poll', AbortSignal.abort())) !== undefined)
    const row = (version?: string): string =>
      `'${JSON.stringify({ host: 'pi', seen: new Date().toISOString(), ...(version === undefined ? {} : { version }) })}'`
    await ask(
      cluster.address,
      `INSERT INTO "${schema}".state VALUES ('tidings/agents', 'a', ${row('9.9.9')}, 1), ('tidings/agents', 'b', ${row()}, 1)`,
    )
    opened.abandon()
    await ask(cluster.address, `UPDATE "${schema}".agent SET until = clock_timestamp() - interval '70 s'`)
    const messages = (await examined(address)).about('agents')
    assert.deepEqual(
      messages.map(({ level }) => level),
      ['warning', 'warning'],
    )
    assert.match(messages[0]?.message ?? '', /^2 agents run on pi, version 9\.9\.9 and an older one: upgrade/)
    assert.match(messages[1]?.message ?? '', /^job\/poll belongs to an agent whose lease ended 7\d s ago/)
  })

  it('sees what another version lacks, or has added', async (t) => {
    const { address, schema } = await log(t)
    await ask(cluster.address, `ALTER FUNCTION "${schema}".needs_1() RENAME TO needs_9`)
    const [lacks, added] = (await examined(address)).about('functions')
    assert.match(lacks?.message ?? '', /the log lacks .*: needs_1$/)
    assert.match(added?.message ?? '', /another version of Tidings has worked on the log: it added needs_9$/)
    await ask(cluster.address, `UPDATE "${schema}".head SET format = 99`)
    const newer = await examined(address)
    assert.deepEqual([newer.code, newer.about('log')[0]?.level], [1, 'problem'])
  })

  it('sees a server that acknowledges too early, or waits for a standby that is not there', async (t) => {
    const { address } = await log(t)
    const early = await examined(`${address}&options=-csynchronous_commit%3Doff`)
    assert.match(
      early.about('durability')[0]?.message ?? '',
      /survives the death of an agent.*synchronous_commit = off/,
    )
    assert.equal(early.about('durability')[0]?.level, 'warning')
    const role = `${address.replace('user=tidings', 'user=waits')}&options=-csynchronous_commit%3Dlocal`
    await ask(cluster.address, 'CREATE ROLE waits SUPERUSER LOGIN')
    await ask(cluster.address, `ALTER SYSTEM SET synchronous_standby_names = 'mirror'`)
    await ask(`${cluster.address}&options=-csynchronous_commit%3Dlocal`, 'SELECT pg_reload_conf()')
    try {
      assert.match((await examined(role)).about('replication')[0]?.message ?? '', /^no standby is connected$/)
      const waiting = await examined(address)
      assert.equal(waiting.code, 1)
      assert.match(
        waiting.about('replication')[0]?.message ?? '',
        /no synchronous standby is connected: each write waits/,
      )
    } finally {
      await ask(
        `${cluster.address}&options=-csynchronous_commit%3Dlocal`,
        'ALTER SYSTEM RESET synchronous_standby_names',
      )
      await ask(`${cluster.address}&options=-csynchronous_commit%3Dlocal`, 'SELECT pg_reload_conf()')
    }
  })

  it('reports a server that does not answer, a schema without a log, and refuses a folder', async () => {
    const gone = await examined('postgres:///postgres?host=%2Fnowhere&user=tidings')
    assert.deepEqual([gone.code, gone.about('server')[0]?.level], [1, 'problem'])
    const empty = await examined(`${cluster.address}&schema=empty`)
    assert.equal(empty.code, 1)
    assert.match(empty.about('log')[0]?.message ?? '', /there is no log in the schema "empty"/)
  })
})
