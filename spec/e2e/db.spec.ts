import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { openLog, type Repaired, type Verified } from '../../lib/index.ts'
import { keys } from '../../lib/level/format/keys.ts'
import { draftsOf, list } from '../../lib/testing/log-bench.ts'
import { command } from './answered.ts'
import { make, tidings as said } from './mistakes.ts'
import { tidings, userFolder } from './program.ts'
import { folderWithLogs, runOn } from './steering.ts'

const json = <T>(stdout: string): T => JSON.parse(stdout) as T

/** Does something to a store behind its log's back. */
async function meddle(directory: string, act: (db: ClassicLevel) => Promise<void>): Promise<void> {
  const db = new ClassicLevel(directory)
  await act(db)
  await db.close()
}

/** A log of events that are a segment each. */
async function logOf(directory: string, count: number): Promise<void> {
  const log = await openLog(directory)
  for (const each of draftsOf(count)) await log.accept([each])
  await log.close()
}

describe('a backup', () => {
  it('can be made while the agent runs, and restores the same log', async (t) => {
    const folder = await folderWithLogs(t)
    const [db, copy, restored] = ['running', 'backups/monday', 'again'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const running = await runOn(t, folder)
    const made = await command('db', 'backup', copy, '--db', db)
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /^\d+ records, up to event 8, are in .*monday \(\d+(\.\d)? kB\)\n$/)
    await command('jobs', 'run', 'fresh', '--db', db)
    const verified = await command('db', 'verify', '--db', copy, '--json')
    assert.deepEqual([verified.code, json(verified.stdout)], [0, { ok: true, problems: [] }])

    const inUse = await command('db', 'restore', copy, '--db', db)
    assert.deepEqual([inUse.code, inUse.stderr], [3, `tidings: an agent runs on the log in ${db}: stop it first\n`])
    assert.equal((await command('db', 'repair', '--db', db)).code, 3)
    await running.signal('SIGTERM')
    const taken = await command('db', 'restore', copy, '--db', db)
    assert.equal(taken.code, 2)
    assert.match(taken.stderr, /running is not empty: choose a folder that is empty or does not exist\n$/)

    const back = await command('db', 'restore', copy, '--db', restored, '--json')
    assert.deepEqual(json(back.stdout), { ...json<object>(back.stdout), directory: restored, last: 8 })
    const [before, after] = await Promise.all(
      [join(folder, 'stopped'), restored].map(async (directory) => {
        const log = await openLog(directory)
        const events = await list(log.events())
        await log.close()
        return events
      }),
    )
    assert.deepEqual(after, before)
    // In a place that is no backup, and into one that is taken.
    assert.equal((await command('db', 'restore', folder, '--db', join(folder, 'x'))).code, 2)
    assert.equal((await command('db', 'backup', copy, '--db', restored)).code, 2)
  })
})

describe('pruning a log', () => {
  it('by hand asks, names the listener that keeps the rest, and frees space once compacted', async (t) => {
    const folder = await folderWithLogs(t)
    const db = join(folder, 'stopped')
    const asked = await command('db', 'prune', '--count', '2', '--age', '5d', '--db', db)
    const words = 'this removes, for good, no events older than 5d, and all but the newest 2 of 8 events'
    assert.deepEqual([asked.code, asked.stderr], [2, `tidings: ${words}: add --yes to confirm\n`])
    const held = await command('db', 'prune', '--count', '2', '--yes', '--db', db)
    assert.equal(held.code, 0)
    assert.match(
      held.stdout,
      /^no events removed; 1 to 8 are kept\nthe rest is held by listener "broken", which has parked event 1\n$/,
    )
    await command('parked', 'drop', 'broken', '--all', '--yes', '--db', db)
    for (const listener of ['broken', 'resting', 'quick'])
      await command('listeners', 'skip', listener, '--yes', '--db', db)
    const pruned = await command('db', 'prune', '--count', '2', '--yes', '--db', db)
    assert.match(pruned.stdout, /^6 events removed; 7 to 8 are kept\nto free the disk space: tidings db compact/)
    const gone = await command('events', 'show', '6', '--db', db)
    assert.deepEqual([gone.code, gone.stderr], [1, 'tidings: event 6 was pruned\n'])
    assert.match((await command('db', 'compact', '--db', db)).stdout, /^the log takes .*; before, it took .*\n$/)
    assert.match((await command('db', 'stats', '--db', db)).stdout, /^events\t2\t7 to 8\t\n/)
    assert.equal((await command('db', 'verify', '--db', db)).code, 0)
  })

  it('by its agent follows an option or an environment variable', async (t) => {
    const folder = userFolder(t)
    const wrong = await tidings(t, folder, ['run', 'hello.ts', '--once', '--retain', 'much'])
    assert.deepEqual([wrong.code, existsSync(join(folder, '.tidings'))], [2, false])
    assert.match(wrong.words, /^tidings: --retain needs a duration such as 90d or 12h/)
    const once = await tidings(t, folder, ['run', 'hello.ts', '--once'], { env: { TIDINGS_RETAIN: '90d,2GB' } })
    assert.equal(once.code, 0, once.stderr)
  })
})

describe('a damaged log', () => {
  it('is reported with its first bad event and exit code 1', async (t) => {
    const folder = userFolder(t)
    const db = join(folder, 'log')
    await logOf(db, 5)
    writeFileSync(join(db, 'MARK'), '')
    await meddle(db, (store) => store.del(keys.identity('it', 'event 2')))
    const { code, stdout, stderr } = await command('db', 'verify', '--db', db)
    assert.deepEqual([code, stderr], [1, 'tidings: the MARK file could not be read, and is written again\n'])
    assert.equal(
      stdout,
      `the identity of event 2 is missing: it could be told again\n1 problem; the first event in doubt is 2. Restore a backup (tidings db restore), or recover what is intact (tidings db repair)\n`,
    )
    const other = join(folder, 'other')
    await logOf(other, 5)
    await meddle(other, (store) => store.del(keys.event(5)))
    const refusal = await command('db', 'verify', '--db', other, '--json')
    const message = 'event 5 is missing from the log'
    assert.deepEqual([refusal.code, json(refusal.stdout)], [1, { ok: false, problems: [{ message, seq: 5 }] }])
  })

  it('is rebuilt in another folder, with a report of what is missing', async (t) => {
    const folder = userFolder(t)
    const db = join(folder, 'log')
    await logOf(db, 5)
    await meddle(db, async (store) => {
      await store.del(keys.event(3))
      await store.put(keys.event(4), 'nonsense')
      await store.del(keys.identity('it', 'event 1'))
    })
    const files = readdirSync(db).map((name) => readFileSync(join(db, name), 'latin1'))
    const { code, stdout } = await command('db', 'repair', '--db', db)
    assert.equal(code, 0)
    assert.deepEqual(stdout.trim().split('\n'), [
      `${db}.repaired has 3 events of ${db}, up to 5; the original is unchanged`,
      '2 events lost: 3 to 4. A tidings.log.lost event takes the place of each',
      '1 record of kind event damaged',
      '1 identity rebuilt from events',
      `to use it: mv ${db} ${db}.damaged && mv ${db}.repaired ${db}`,
    ])
    assert.deepEqual(
      readdirSync(db).map((name) => readFileSync(join(db, name), 'latin1')),
      files,
    )
    assert.equal((await command('db', 'verify', '--db', `${db}.repaired`)).code, 0)
    const again = await command('db', 'repair', '--db', db)
    assert.equal(again.code, 2)
    const elsewhere = await command('db', 'repair', '--db', db, '--to', join(folder, 'other'), '--json')
    assert.deepEqual(json<Repaired>(elsewhere.stdout).lost, [3, 4])
  })

  it('may crash its reader: verify reports that, and repair retries', async (t) => {
    const folder = userFolder(t)
    await logOf(join(folder, 'log'), 5)
    // As LevelDB does over some tables.
    const abort = `const [, program, question] = process.argv
      if (/children.*log/.test(program) && !/"harder":true/.test(question)) process.abort()`
    writeFileSync(join(folder, 'abort.mjs'), abort)
    const env = { NODE_OPTIONS: '--import ./abort.mjs' }
    const verified = await tidings(t, folder, ['db', 'verify', '--db', 'log', '--json'], { env })
    const message = 'LevelDB crashed the process that read the log (SIGABRT): a table is damaged'
    assert.deepEqual([verified.code, json<Verified>(verified.stdout)], [1, { ok: false, problems: [{ message }] }])
    const repaired = await tidings(t, folder, ['db', 'repair', '--db', 'log', '--json'], { env })
    assert.deepEqual([repaired.code, json<Repaired>(repaired.stdout).events], [0, 5])
  })

  it('is not repaired while it is in use', async (t) => {
    const folder = userFolder(t)
    const db = join(folder, 'log')
    await logOf(db, 5)
    const log = await openLog(db)
    t.after(() => log.close())
    for (const act of ['verify', 'repair']) {
      const { code, words } = await tidings(t, folder, ['db', act, '--db', db])
      assert.deepEqual(
        [code, words],
        [3, `tidings: the log in ${db} is in use by another process (pid ${process.pid})\n`],
        act,
      )
    }
    assert.deepEqual(readdirSync(folder).toSorted(), ['hello.ts', 'log'])
  })
})

describe('a mistake about a log', () => {
  it('is reported in one sentence', async (t) => {
    const none = 'there is no log in .tidings: run an agent first, or give --db DIR'
    await make(t, [
      [said('db', 'stat'), 2, 'unknown command "stat"; did you mean "stats"?'],
      [said('db', 'stats'), 1, none],
      [said('db', 'verify', '--db', 'notalog'), 1, 'there is no log in notalog'],
      [said('db', 'repair'), 1, none],
      [said('db', 'backup'), 2, 'DIR is missing: tidings db backup DIR'],
      [said('db', 'restore'), 2, 'BACKUP is missing: tidings db restore BACKUP'],
      [said('db', 'restore', 'notalog', '--db', 'new'), 2, 'HERE/notalog does not hold a complete backup'],
      [said('db', 'restore', 'notalog', '--db', 'hello.ts'), 1, 'hello.ts holds other files, not a log'],
      [said('db', 'prune', '--count', 'many'), 2, '--count must be a whole number, not negative, got "many"'],
    ])
  })
})
