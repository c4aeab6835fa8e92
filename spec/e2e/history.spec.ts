import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import sqlite from 'node-sqlite3-wasm'
import { openLog, type StoredEvent } from '../../lib/index.ts'
import { refused } from '../../lib/testing/log-bench.ts'
import { command } from '../support/command.ts'
import { answered } from './answered.ts'
import { make, tidings as said } from './mistakes.ts'
import { tidings, userFolder } from './program.ts'
import { folderWithLogs, runOn } from './steering.ts'

const eventsOf = (ndjson: string): StoredEvent[] =>
  ndjson
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StoredEvent)

/** As another log has them. */
const elsewhere = (events: readonly StoredEvent[]) => events.map(({ seq: _, cause: __, ...event }) => event)

describe('the history of a log', () => {
  it('goes to a file, and from there into another log, once', async (t) => {
    const folder = await folderWithLogs(t)
    const [stopped, other, file] = ['stopped', 'other', 'events.ndjson'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const { stdout } = await command('events', 'export', '--db', stopped)
    const events = eventsOf(stdout)
    assert.equal(events.length, 8)
    const exported = await command('events', 'export', '--to', file, '--db', stopped)
    assert.deepEqual(exported, { code: 0, stdout: `8 events exported to ${file}\n`, stderr: '' })
    assert.equal(readFileSync(file, 'utf8'), stdout)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(existsSync(`${file}.part`), false)

    for (const [known, made] of [
      [0, 8],
      [8, 0],
    ]) {
      const imported = await command('events', 'import', file, '--db', other, '--json')
      assert.deepEqual(JSON.parse(imported.stdout), { events: 8, new: made, changed: 0, duplicate: known })
    }
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [piped] = await Promise.all([
      command('events', 'import', pipe, '--db', other, '--json'),
      writeFile(pipe, stdout),
    ])
    assert.deepEqual(JSON.parse(piped.stdout), { events: 8, new: 0, changed: 0, duplicate: 8 })

    const again = await command('events', 'export', '--db', other)
    assert.deepEqual(elsewhere(eventsOf(again.stdout)), elsewhere(events))
    const notes = await command('events', 'export', '--type', 'note', '--id', 'b', '--db', other)
    assert.deepEqual(
      eventsOf(notes.stdout).map(({ identifier }) => identifier),
      ['b'],
    )
  })

  it('is imported from a file by a running agent, and delivered to no listener', async (t) => {
    const folder = await folderWithLogs(t)
    const db = join(folder, 'running')
    const file = join(folder, 'old.ndjson')
    const old = ['x', 'y', 'a'].map((identifier) => ({ type: 'note', identifier, data: { text: 'old' }, created: 5 }))
    writeFileSync(file, old.map((event) => `${JSON.stringify(event)}\n`).join(''))
    const running = await runOn(t, folder)
    const { stdout } = await command('events', 'import', file, '--db', db)
    assert.equal(stdout, '3 events imported, delivered to no listener: 2 new, 0 changed, 1 already known\n')
    assert.equal((await command('events', 'import', file, '--db', db)).stdout.includes('0 new'), true)
    await command('jobs', 'run', 'fresh', '--db', db)
    await running.said(/quick heard 11/)
    assert.doesNotMatch(running.printed(), /heard (9|10)\b/)
    const shown = JSON.parse((await command('events', 'show', '9', '--db', db, '--json')).stdout) as StoredEvent
    assert.deepEqual(shown, { seq: 9, ...old[0] })
    const bad = `${JSON.stringify(old[0])}\n{"type":"note"}\n`
    writeFileSync(file, bad)
    const refusal = await command('events', 'import', file, '--db', db)
    assert.deepEqual(refusal, {
      code: 1,
      stdout: '',
      stderr: 'tidings: line 2: an event needs "identifier"; the lines before it are imported\n',
    })
  })

  it('replaces a file only with --yes', async (t) => {
    const folder = await folderWithLogs(t)
    const [db, file] = [join(folder, 'stopped'), join(folder, 'mine.txt')]
    writeFileSync(file, 'mine')
    const { code, stderr } = await command('events', 'export', '--to', file, '--db', db)
    assert.deepEqual([code, stderr], [2, `tidings: this replaces the existing file ${file}: add --yes to confirm\n`])
    assert.equal(readFileSync(file, 'utf8'), 'mine')
    await command('events', 'export', '--to', file, '--db', db, '--yes')
    assert.equal(eventsOf(readFileSync(file, 'utf8')).length, 8)
    const nowhere = await command('events', 'export', '--to', join(folder, 'no/where'), '--db', db)
    assert.equal(nowhere.code, 2)
  })
})

describe("the Python agent's file", () => {
  function pythonFile(folder: string): void {
    const db = new sqlite.Database(join(folder, 'py_agent.db'))
    db.exec(
      'CREATE TABLE events (id INTEGER PRIMARY KEY, created DATETIME, event_type VARCHAR, identifier VARCHAR UNIQUE, data BLOB)',
    )
    // {'payload': 'hello world'}
    const pickled = Buffer.from('gAWVHgAAAAAAAAB9lIwHcGF5bG9hZJSMC2hlbGxvIHdvcmxklHMu', 'base64')
    db.run('INSERT INTO events VALUES (1, ?, ?, ?, ?)', ['2020-08-27 23:03:21.498123', 'my_event_type', '123', pickled])
    db.close()
  }

  it('is imported into a new log, whose agent tells none of it again', async (t) => {
    const folder = userFolder(t)
    pythonFile(folder)
    const args = ['events', 'import', 'py_agent.db', '--agent', 'hello', '--identity', 'identifier']
    const imported = await tidings(t, folder, args)
    assert.deepEqual([imported.code, imported.stderr], [0, ''])
    assert.equal(imported.stdout, '1 event imported, delivered to no listener: 1 new, 0 changed, 0 already known\n')
    const once = await tidings(t, folder, ['run', 'hello.ts', '--once'])
    assert.deepEqual([once.code, once.stdout.includes('hello world')], [0, false])
    const directory = join(folder, '.tidings/hello')
    await assert.rejects(openLog(directory, { identity: 'type' }), refused('TIDINGS_LOG_IDENTITY'))
    const { stdout } = await tidings(t, folder, ['events', 'show', '1', '--json'])
    const created = new Date('2020-08-27T23:03:21.498').getTime()
    const event = { seq: 1, type: 'my_event_type', identifier: '123', data: { payload: 'hello world' }, created }
    assert.deepEqual(JSON.parse(stdout), event)
  })

  it('is imported except for rows that do not fit, which are listed; the exit code is 1', async (t) => {
    const folder = userFolder(t)
    pythonFile(folder)
    const db = new sqlite.Database(join(folder, 'py_agent.db'))
    // Five bytes that once were a loop, no identifier, a list in a list in a list, too much for the log.
    const long = Buffer.concat([
      Buffer.from('\x80\x04X', 'latin1'),
      Buffer.from([0xe0, 0x93, 4, 0]),
      Buffer.alloc(300_000, 'x'),
      Buffer.from('.'),
    ])
    const rows = [
      [Buffer.from('\x80\x02cos', 'latin1'), 'a'],
      [Buffer.from('N.'), ''],
      [Buffer.from('.'.padStart(5000, ']')), 'b'],
      [long, 'c'],
      [Buffer.from('N.'), 'd'],
    ]
    for (const [i, [data, identifier]] of rows.entries()) {
      db.run('INSERT INTO events VALUES (?, ?, ?, ?, ?)', [
        i + 2,
        '2020-08-27 23:03:22',
        't',
        identifier as string,
        data as Uint8Array,
      ])
    }
    db.close()
    const imported = await answered(folder, ['events', 'import', 'py_agent.db', '--agent', 'hello'])
    assert.equal(imported.code, 1)
    assert.equal(
      imported.stdout,
      '3 events imported, delivered to no listener: 3 new, 0 changed, 0 already known; 3 rows skipped\n',
    )
    const said = imported.words.trim().split('\n')
    assert.deepEqual(
      said.map((each) => /^tidings: row (\d+): .*; skipped$/.exec(each)?.[1]),
      ['2', '3', '5'],
    )
    const asJson = await answered(folder, ['events', 'import', 'py_agent.db', '--agent', 'hello', '--json'])
    const { skipped, ...counts } = JSON.parse(asJson.stdout) as { readonly skipped: { readonly count: number } }
    assert.deepEqual(counts, { events: 3, new: 0, changed: 0, duplicate: 3 })
    assert.equal(skipped.count, 3)
  })

  it('needs a package that reads it; an error names it', async (t) => {
    const folder = userFolder(t)
    pythonFile(folder)
    const hook = `export const resolve = (name, context, next) => {
      if (name !== 'node-sqlite3-wasm') return next(name, context)
      throw Object.assign(new Error('not here'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    writeFileSync(join(folder, 'hook.mjs'), hook)
    const register = "import { register } from 'node:module'; register('./hook.mjs', import.meta.url)"
    writeFileSync(join(folder, 'register.mjs'), register)
    const env = { NODE_OPTIONS: '--import ./register.mjs' }
    const { code, words } = await tidings(t, folder, ['events', 'import', 'py_agent.db', '--db', 'new'], { env })
    const what = "to read the Python agent's file, install what reads SQLite: npm install node-sqlite3-wasm"
    assert.deepEqual([code, words], [1, `tidings: ${what}\n`])
    assert.equal(existsSync(join(folder, 'new')), false)
  })
})

describe('a mistake in an import', () => {
  it('is reported in one sentence', (t) =>
    make(t, [
      [said('events', 'import'), 2, 'FILE is missing: tidings events import FILE'],
      [said('events', 'import', 'nowhere.ndjson', '--db', 'new'), 2, 'there is no file nowhere.ndjson'],
      [said('events', 'import', 'notalog', '--db', 'new'), 2, 'notalog is a folder, not a file'],
      [said('events', 'import', 'hello.ts', '--db', 'notalog'), 1, 'notalog holds other files, not a log'],
      [said('events', 'import', 'hello.ts', '--db', 'hello.ts'), 1, 'hello.ts holds other files, not a log'],
      [
        said('events', 'import', 'hello.ts', '--identity', 'both'),
        2,
        '--identity must be type or identifier, got "both"',
      ],
      [said('events', 'import', 'hello.ts'), 1, 'there is no log in .tidings: run an agent first, or give --db DIR'],
      [
        said('events', 'import', 'hello.ts', '--db', 'new'),
        1,
        'line 1: expected an event as JSON, got "import { agent',
      ],
    ]))
})
