import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { roleNames } from '../../lib/postgres/sql/roles.ts'
import { draftsOf, take } from '../../lib/testing/log-bench.ts'
import { command } from '../support/command.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

const draft = { type: 'it', identifier: 'a', data: null }

describe('the roles of a log', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  const addressOf = (schema: string, user = 'tidings'): string =>
    `${cluster.address.replace('user=tidings', `user=${user}`)}&schema=${schema}`

  /** Makes two logins, one for each role of a log. */
  async function logins(schema: string): Promise<readonly [agent: string, reader: string]> {
    for (const role of ['agent', 'reader'])
      await ask(cluster.address, `CREATE ROLE "${schema}_${role}_login" LOGIN IN ROLE "${schema}_${role}"`)
    return [addressOf(schema, `${schema}_agent_login`), addressOf(schema, `${schema}_reader_login`)]
  }

  for (const how of ['db init', 'db init --print-sql, and psql'] as const)
    it(`let an agent work and make nothing, and a reader read: by ${how}`, async () => {
      const schema = how === 'db init' ? 'made' : 'printed'
      const admin = addressOf(schema)
      if (how === 'db init') {
        const said = await command('db', 'init', admin, '--json')
        assert.deepEqual(JSON.parse(said.stdout), { schema, roles: [`${schema}_agent`, `${schema}_reader`] })
        assert.equal((await command('db', 'init', admin)).code, 0, 'again, nothing changes')
      } else {
        const { stdout } = await command('db', 'init', admin, '--print-sql')
        execFileSync('psql', [cluster.address, '-v', 'ON_ERROR_STOP=1', '-q'], { input: stdout, stdio: 'pipe' })
      }
      const [agent, reader] = await logins(schema)
      const log = await openPostgres(agent, { warn: () => undefined })
      assert.equal((await log.accept([draft], { state: [{ namespace: 'n', key: 'k', value: 1 }] }))[0]?.status, 'new')
      const consumer = await log.consumer('mail', { start: 'start' })
      const [handed] = await consumer.pull(1, new AbortController().signal)
      assert.ok(handed !== undefined)
      assert.equal(handed.event.identifier, 'a')
      assert.notEqual(await log.hold('job/poll', AbortSignal.abort()), undefined)
      consumer.ack(handed)
      await log.accept(draftsOf(2500))
      for (const each of await take(consumer, 2500)) consumer.ack(each)
      assert.equal((await log.prune({ count: 1000, identities: '1d' })).first, 1001)
      await log.close()
      const refused = /permission denied|must be owner/
      await assert.rejects(ask(agent, `DROP TABLE "${schema}".event`), refused)
      await assert.rejects(ask(agent, `CREATE TABLE "${schema}".another ()`), refused)
      assert.equal((await ask(reader, `SELECT * FROM "${schema}".event`)).length, 1501)
      await assert.rejects(ask(reader, `DELETE FROM "${schema}".event`), refused)
      await assert.rejects(ask(reader, `SELECT "${schema}".now_ms()`), refused)
    })

  it('are two, also of the longest schema, and of no other', async () => {
    const schema = 's'.repeat(63)
    const { stdout } = await command('db', 'init', addressOf(schema), '--json')
    const { roles } = JSON.parse(stdout) as { roles: [string, string] }
    assert.deepEqual(roles, roleNames(schema))
    const others = ['t'.repeat(56), 't'.repeat(57), `${schema.slice(1)}t`, schema.slice(1)].flatMap(roleNames)
    assert.equal(new Set([...roles, ...others]).size, 10)
    assert.ok(others.every((name) => name.length <= 63))
    const granted = await ask(
      cluster.address,
      `SELECT grantee, array_agg(privilege_type::text ORDER BY privilege_type) FROM information_schema.role_table_grants
        WHERE table_schema = $1 AND table_name = 'event' AND grantee <> 'tidings' GROUP BY grantee ORDER BY grantee`,
      [schema],
    )
    assert.deepEqual(granted, [
      [roles[0], ['DELETE', 'INSERT', 'SELECT', 'UPDATE']],
      [roles[1], ['SELECT']],
    ])
  })

  it('are for a log in PostgreSQL', async () => {
    const { code, stderr } = await command('db', 'init', '.tidings/home')
    assert.equal(code, 2)
    assert.match(stderr, /it takes an address such as postgres:/)
  })
})
