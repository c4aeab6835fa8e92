import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { draft, draftsOf, take } from '../../lib/testing/log-bench.ts'
import { command } from '../support/command.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

const HOUR = 3_600_000

describe('the upkeep of a log in PostgreSQL', () => {
  let cluster: Cluster
  let made = 0
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  const address = (): string => `${cluster.address}&schema=upkeep_${made}`
  const change = (text: string): Promise<unknown> =>
    ask(`${cluster.address}&options=-csearch_path%3Dupkeep_${made}`, text)

  /** Makes a log with records of every kind: 1200 events, of which the first 1000 are pruned in half of the cases. */
  async function full(t: TestContext, { pruned = false } = {}): Promise<PostgresLog> {
    made += 1
    const log = await openPostgres(address(), { warn: () => undefined })
    t.after(() => log.close())
    await log.accept(draftsOf(1198))
    await log.accept([{ ...draft('v', 'a'), version: '1' }, draft('x', { n: 1 }, 'other')], {
      state: [{ namespace: 'n', key: 'k', value: 1 }],
    })
    await log.forget('it', 'event 1100')
    await log.consumer('idle', { start: 'now' })
    const consumer = await log.consumer('mail', { start: 1101 })
    const [first, second, third] = await take(consumer, 3)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    consumer.ack(first)
    consumer.retry(second, { at: Date.now() + HOUR, error: new Error('later') })
    consumer.park(third, { error: new Error('never') })
    await consumer.flush()
    if (pruned) assert.equal((await log.prune({ count: 100 })).first, 1001)
    return log
  }

  const whole = { ok: true, problems: [] }

  it('verifies a sound log, pruned or not, and shows its progress', async (t) => {
    for (const pruned of [false, true]) {
      const log = await full(t, { pruned })
      const seen: (readonly [number, number])[] = []
      assert.deepEqual(await log.verify({ progress: (...each) => void seen.push(each) }), whole)
      const all = pruned ? 200 : 1200
      assert.deepEqual(seen.at(-1), [all, all])
    }
    const byIdentifier = await openPostgres(`${cluster.address}&schema=by_identifier`, {
      identity: 'identifier',
      warn: () => undefined,
    })
    t.after(() => byIdentifier.close())
    await byIdentifier.accept(draftsOf(20))
    assert.deepEqual(await byIdentifier.verify(), whole)
  })

  const damages: Readonly<Record<string, readonly [sql: string, words: RegExp, seq?: number]>> = {
    'an event that is gone': ['DELETE FROM event WHERE seq = 1150', /event 1150 is missing/, 1150],
    'an event after the end': ['UPDATE head SET seq = 1199', /event 1200 exists, though the log ends at 1199/, 1200],
    'an event before the beginning': [
      'UPDATE head SET first = 1002',
      /event 1001 exists, though the log begins at 1002/,
      1001,
    ],
    'data that is not JSON': [`UPDATE event SET data = '{' WHERE seq = 1007`, /event 1007 can't be read: /, 1007],
    'a count that is wrong': [
      `UPDATE type_count SET count = 7 WHERE type = 'it'`,
      /type "it" has 199 events, and a count of 7/,
    ],
    'an identity of another event': [
      `UPDATE identity SET seq = 1100 WHERE identifier = 'event 1002'`,
      /the identity "event 1002" names event 1100, which is not its own/,
      1100,
    ],
    'an identity of an older event': [
      `UPDATE event SET identifier = 'event 1150' WHERE seq = 1151; DELETE FROM identity WHERE identifier = 'event 1151'`,
      /the identity of event 1151 names the older event 1150/,
      1151,
    ],
    'a parked event that is gone': [
      "UPDATE mark SET seq = 3 WHERE kind = 'p'",
      /listener "mail" has a parked event, event 3, which is missing/,
      3,
    ],
    'a retry of no listener': [
      `UPDATE mark SET consumer = 'gone' WHERE kind = 'r'`,
      /listener "gone" has a retry, event 1102, and no cursor/,
      1102,
    ],
    'a cursor after the end': [
      `UPDATE consumer SET record = '{"cursor":99999}' WHERE name = 'idle'`,
      /the cursor of listener "idle" is at 99999, and the log ends at 1200/,
    ],
    'a cursor that is not JSON': [
      `UPDATE consumer SET record = '{' WHERE name = 'idle'`,
      /the cursor of listener "idle" can't be read/,
    ],
    'a partition that is gone': [
      'ALTER TABLE event DETACH PARTITION event_2001',
      /the partition event_2001 is missing/,
    ],
  }
  for (const [what, [sql, words, seq]] of Object.entries(damages))
    it(`finds ${what}`, async (t) => {
      const log = await full(t, { pruned: true })
      await change(sql)
      const { ok, problems } = await log.verify()
      assert.equal(ok, false)
      const [problem] = problems.filter(({ message }) => words.test(message))
      assert.ok(problem !== undefined, problems.map(({ message }) => message).join('\n'))
      assert.equal(problem.seq, seq)
    })

  it('measures tables, listeners, growth and the oldest snapshot', async (t) => {
    const log = await full(t)
    await change('ANALYZE')
    const { events, sizes, disk, growth, server } = await log.stats()
    assert.deepEqual(events, { count: 1200, first: 1, last: 1200 })
    assert.ok(server !== undefined)
    assert.deepEqual([server.identities, server.listeners, growth.days, growth.events], [1199, 2, 1, 1200])
    assert.equal(
      Object.values(sizes).reduce((all, each) => all + each),
      disk,
    )
    assert.equal(
      server.tables.reduce((all, { bytes }) => all + bytes, 0),
      disk,
    )
    assert.equal(server.tables.find(({ name }) => name === 'event')?.rows, 1200)
    assert.ok((server.perEvent ?? 0) > 50 && growth.bytes > 50 * 1200)
    const pg = (await import('pg')).default
    const holder = new pg.Client({ connectionString: cluster.address, application_name: 'a dump' })
    await holder.connect()
    try {
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class')
      for (let i = 0; i < 50; i++) await log.accept([draft(`more ${i}`)])
      const { snapshot } = (await log.stats()).server ?? {}
      assert.ok(snapshot !== undefined && snapshot.age >= 50 && (snapshot.ms ?? -1) >= 0)
      assert.match(snapshot.holder, /^process \d+ \(a dump, of tidings, idle in transaction\)$/)
      const said = await command('db', 'stats', '--db', address())
      assert.match(said.stdout, /snapshot\s+oldest\s+\d+ transactions old, held by process \d+ \(a dump/)
      assert.match(said.stdout, /table\s+identity\s+\d/)
    } finally {
      await holder.end()
    }
  })

  it('is a command, and what PostgreSQL does itself is refused with words', async (t) => {
    await full(t)
    const sound = await command('db', 'verify', '--db', address())
    assert.deepEqual([sound.code, sound.stdout], [0, 'the log is intact\n'], sound.stderr)
    await change('DELETE FROM event WHERE seq = 7')
    const bad = await command('db', 'verify', '--json', '--db', address())
    assert.equal(bad.code, 1)
    const found = JSON.parse(bad.stdout) as { readonly problems: readonly { readonly seq?: number }[] }
    assert.equal(found.problems[0]?.seq, 7)
    const pruned = await command('db', 'prune', '--count', '0', '--yes', '--db', address())
    assert.match(pruned.stdout, /999 events removed; 1001 to 1200 are kept\n$/)
    for (const args of [['compact'], ['backup', 'somewhere'], ['repair'], ['restore', 'somewhere']]) {
      const refused = await command('db', ...args, '--db', address())
      assert.notEqual(refused.code, 0)
      assert.match(refused.stderr, /pg_dump.*\(PITR\)/)
    }
  })
})
