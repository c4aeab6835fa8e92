import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { agent, every, job, listener, on, start } from '../../lib/index.ts'
import { Connection } from '../../lib/postgres/connection.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { makeStep } from '../../lib/postgres/steps.ts'
import { start as startProgram, userFolder } from '../e2e/program.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { Load } from './load.ts'
import { nextVersion } from './next-version.ts'
import { ask } from './schemas.ts'
import { type SharedLog, sharedLog } from './shared-log.ts'

const outgrown = (words: RegExp) => (error: Error & { readonly code?: unknown }) => {
  assert.equal(error.code, 'TIDINGS_LOG_FORMAT')
  assert.match(error.message, words)
  return true
}

describe('a log that a newer version changes', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  /** Three agents under load, and what makes a step. */
  async function underLoad(t: TestContext, how: Cluster = cluster) {
    const shared = sharedLog(t, how)
    const load = new Load()
    for (let n = 0; n < 3; n++) load.join(await shared.open())
    await until(() => load.answered > 50, 'the load to run')
    const step = async (name: string, sql: string): Promise<void> => {
      const connection = await Connection.open(how.address, () => undefined)
      try {
        await makeStep({ connection, schema: shared.schema }, name, sql)
      } finally {
        await connection.close()
      }
    }
    return { ...shared, load, step }
  }

  it('loses nothing and tells nothing twice while three steps are made', async (t) => {
    const { schema, load, step } = await underLoad(t)
    const during = async (): Promise<void> => {
      const before = load.answered
      await until(() => load.answered > before + 100, 'more answers')
    }
    await step('a column', 'ALTER TABLE event ADD COLUMN later text')
    await during()
    const [[accept] = []] = await ask(cluster.address, `SELECT pg_get_functiondef('"${schema}".accept_1'::regproc)`)
    assert.match(String(accept), /^CREATE OR REPLACE FUNCTION/)
    await step('a function', String(accept))
    await during()
    await step('a column of identities', `ALTER TABLE identity ADD COLUMN later text NOT NULL DEFAULT 'none'`)
    await during()
    const { again } = await load.stop()
    assert.equal(again, 0, 'no accept failed')
  })

  it('makes a step once, whichever of several agents asks for it', async (t) => {
    const { schema, load, step } = await underLoad(t)
    await Promise.all([1, 2, 3].map(() => step('once', 'ALTER TABLE state ADD COLUMN later text')))
    await step('once', 'ALTER TABLE state ADD COLUMN later text')
    assert.deepEqual(await ask(cluster.address, `SELECT name FROM "${schema}".step WHERE name = 'once'`), [['once']])
    await load.stop()
  })

  it('lets agents work while a dump keeps a step waiting', async (t) => {
    const { schema, load, step } = await underLoad(t)
    const dump = new pg.Client({ connectionString: cluster.address })
    await dump.connect()
    t.after(() => dump.end())
    await dump.query(`BEGIN; SELECT count(*) FROM "${schema}".event`)
    let isMade = false
    const making = step('patient', 'ALTER TABLE event ADD COLUMN later text').then(() => (isMade = true))
    for (let n = 0; n < 3; n++) {
      const before = load.answered
      await until(() => load.answered > before + 50, 'answers while the step waits')
      await sleep(400)
    }
    assert.equal(isMade, false)
    await dump.query('COMMIT')
    await making
    const { again } = await load.stop()
    assert.equal(again, 0, 'no accept failed')
  })

  it('gives up a step that waits for an accept which waits for it', async (t) => {
    const { load, step } = await underLoad(t)
    // In the opposite order of accept.
    await step('deadlock', 'ALTER TABLE event ADD COLUMN later text; SELECT 1 FROM head FOR UPDATE')
    await step('head first', 'SELECT 1 FROM head FOR UPDATE; ALTER TABLE identity ADD COLUMN later text')
    const { again } = await load.stop()
    assert.equal(again, 0, 'the step was given up, and no accept')
  })

  it('loses nothing when the server finds the deadlock, and ends an accept', async (t) => {
    const eager = await startCluster({ deadlock_timeout: '5ms' })
    t.after(() => eager.remove())
    const { load, step } = await underLoad(t, eager)
    const deadlocks = async (): Promise<number> =>
      Number((await ask(eager.address, `SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'`))[0]?.[0])
    for (let n = 0; n < 20 && (await deadlocks()) < 3; n++)
      await step(`deadlock ${n}`, `ALTER TABLE event ADD COLUMN later_${n} text; SELECT 1 FROM head FOR UPDATE`)
    assert.notEqual(await deadlocks(), 0)
    await load.stop()
  })

  it('closes for a version that the new format leaves behind, by name', async (t) => {
    const warned: string[] = []
    const { schema } = sharedLog(t, cluster)
    const options = { schema, warn: (message: string) => void warned.push(message) }
    const log = await openPostgres(cluster.address, options)
    t.after(() => log.close())
    const hold = await log.hold('job/poll', AbortSignal.abort())
    const connection = await Connection.open(cluster.address, () => undefined)
    t.after(() => connection.close())
    await makeStep({ connection, schema }, 'break', 'UPDATE head SET format = 99; DROP FUNCTION accept_2')
    await assert.rejects(log.accept([{ type: 'it', identifier: 'a', data: null }]), { code: 'TIDINGS_LOG_FAILED' })
    await until(() => log.state === 'closed', 'the log to be closed')
    assert.equal(hold?.lost.aborted, true)
    assert.match(warned.at(-1) ?? '', /^the log closes: the log has format 99, this version of Tidings reads up to/)
    await assert.rejects(openPostgres(cluster.address, options), outgrown(/the log has format 99/))
  })

  it('ends the program of an agent that it leaves behind, with 1', async (t) => {
    const { schema } = sharedLog(t, cluster)
    const args = ['run', 'hello.ts', '--db', `${cluster.address}&schema=${schema}`]
    const program = startProgram(t, userFolder(t), 'tidings', args)
    await program.said(/agent started/)
    const connection = await Connection.open(cluster.address, () => undefined)
    t.after(() => connection.close())
    await makeStep({ connection, schema }, 'break', 'UPDATE head SET format = 99; DROP FUNCTION accept_1')
    const { code, stderr } = await program.ended
    assert.equal(code, 1, stderr)
    assert.match(stderr, /the log closes: the log has format 99/)
  })

  it('refuses a version whose functions are gone, and a role that may not add what the log lacks', async (t) => {
    const { schema, open } = sharedLog(t, cluster)
    await open()
    await ask(cluster.address, `DROP FUNCTION "${schema}".save_2`)
    await assert.rejects(open(), outgrown(/has no function save_2 any more: .* upgrade this one/))
    const other = sharedLog(t, cluster)
    await other.open()
    await ask(cluster.address, `DROP TABLE "${other.schema}".step`)
    await ask(
      cluster.address,
      `CREATE ROLE poor LOGIN; GRANT USAGE ON SCHEMA "${other.schema}" TO poor;
      GRANT ALL ON ALL TABLES IN SCHEMA "${other.schema}" TO poor`,
    )
    const poor = cluster.address.replace('user=tidings', 'user=poor')
    const asPoor = openPostgres(poor, { schema: other.schema, warn: () => undefined })
    await assert.rejects(asPoor, outgrown(/lacks "step", .* runs tidings db init ADDRESS/))
  })

  it('is shared by two versions, and loses nothing as agents are upgraded one after the other', async (t) => {
    const shared = sharedLog(t, cluster)
    const old = [await shared.open(), await shared.open()]
    const load = new Load()
    for (const log of old) load.join(log)
    await until(() => load.answered > 50, 'the load to run')
    const later = await nextVersion(t)
    const openLater = () => later.openPostgres(cluster.address, { schema: shared.schema, warn: () => undefined })
    for (const each of old) {
      const log = await openLater()
      t.after(() => log.close())
      load.join(log)
      const before = load.answered
      await until(() => load.answered > before + 100, 'both versions to publish')
      await load.leave(each)
    }
    const names = await ask(cluster.address, `SELECT name FROM "${shared.schema}".step ORDER BY name`)
    assert.deepEqual(names.flat(), ['history', 'later column', 'later functions', 'partitions', 'share'])
    const { again } = await load.stop()
    assert.equal(again, 0, 'no accept failed')
    // An older version may come back.
    const log = await shared.open()
    assert.equal((await log.accept([{ type: 'it', identifier: 'back', data: null }]))[0]?.status, 'new')
  })

  it('runs each slot once, and tells each event once, as agents are upgraded', async (t) => {
    const shared: SharedLog = sharedLog(t, cluster)
    const later = await nextVersion(t)
    const heard: string[] = []
    const started: string[] = []
    const parts = (from: Pick<typeof later, 'job' | 'listener' | 'on' | 'every'>, who: string) => [
      from.job('tick', from.every(1).seconds, ({ slot }) => {
        started.push(slot.toISOString())
        return { type: 'tick', identifier: slot.toISOString(), data: who }
      }),
      from.listener('hear', from.on('tick'), ({ identifier }) => void heard.push(identifier)),
    ]
    const runOld = async (who: string) => {
      const running = await start(agent('home', parts({ job, listener, on, every }, who)), {
        log: await shared.open(),
        logger: false,
      })
      t.after(() => running.stop())
      return running
    }
    const runLater = async (who: string) => {
      const log = await later.openPostgres(cluster.address, {
        schema: shared.schema,
        lease: 1500,
        warn: () => undefined,
      })
      const running = await later.start(later.agent('home', parts(later, who)), { log, logger: false })
      t.after(async () => {
        await running.stop()
        await log.close()
      })
      return running
    }
    const more = async (): Promise<void> => {
      const before = heard.length
      await until(() => heard.length >= before + 3, 'more events to be heard')
    }
    const [one, other] = [await runOld('one'), await runOld('other')]
    await more()
    const third = await runLater('third')
    await more()
    await one.stop()
    await more()
    await runLater('fourth')
    await other.stop()
    await more()
    await third.stop()
    await more()
    assert.equal(new Set(heard).size, heard.length, 'each event is told once')
    assert.equal(new Set(started).size, started.length, 'each slot runs once')
  })
})
