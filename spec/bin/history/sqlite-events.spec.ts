import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, mock, type TestContext } from 'node:test'
import sqlite from 'node-sqlite3-wasm'
import { isSqlite, sqliteEvents, type Watch } from '../../../bin/history/sqlite-events.ts'
import { lines } from '../../../lib/core/lines.ts'
import { list } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** The table as SQLAlchemy makes it for the Python agent. */
const TABLE = `CREATE TABLE events (id INTEGER NOT NULL, created DATETIME, event_type VARCHAR, identifier VARCHAR,
  data BLOB, PRIMARY KEY (id), UNIQUE (identifier))`
const INSERT = 'INSERT INTO events (created, event_type, identifier, data) VALUES (?, ?, ?, ?)'

/** {'payload': 'hello world'}, and an instance of a class. */
const pickled = Buffer.from('gAWVHgAAAAAAAAB9lIwHcGF5bG9hZJSMC2hlbGxvIHdvcmxklHMu', 'base64')
const strange = Buffer.from('gAVjeApZCimBLg==', 'base64')

type Row = readonly (string | number | Uint8Array | null)[]

function file(t: TestContext, table: string, insert: string, rows: readonly Row[]): string {
  const path = join(temporaryDirectory(t), 'py_agent.db')
  const db = new sqlite.Database(path)
  db.exec(table)
  for (const row of rows) db.run(insert, [...row])
  db.close()
  return path
}

const silent = { progress: () => undefined, skip: () => undefined }

async function eventsIn(path: string, skip: Watch['skip'] = silent.skip): Promise<unknown[]> {
  const found = await list(lines(await sqliteEvents(path, { ...silent, skip })))
  return found.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
}

const ms = (local: string): number => new Date(local).getTime()

describe("the Python agent's file", () => {
  it('yields its events in order, with the pickled data, and local times as of where it ran', async (t) => {
    const path = file(t, TABLE, INSERT, [
      ['2020-08-27 23:03:21.498123', 'my_event_type', '124', pickled],
      ['2020-08-27 23:03:22', 'other', '123', pickled],
    ])
    const data = { payload: 'hello world' }
    assert.deepEqual(await eventsIn(path), [
      { type: 'my_event_type', identifier: '124', data, created: ms('2020-08-27T23:03:21.498') },
      { type: 'other', identifier: '123', data, created: ms('2020-08-27T23:03:22') },
    ])
  })

  it('may name its columns differently, hold text as data, and numbers as times', async (t) => {
    const path = file(
      t,
      'CREATE TABLE "my ""events""" (type TEXT, identifier INTEGER, data TEXT, timestamp REAL)',
      'INSERT INTO "my ""events""" VALUES (?, ?, ?, ?)',
      [
        ['a', 1, '{"n": 1}', 1598569401.5],
        ['b', 2, 'just text', 1598569401500],
        ['c', 3, null, null],
        ['d', 4, '[]', '1598569401'],
      ],
    )
    assert.deepEqual(await eventsIn(path), [
      { type: 'a', identifier: '1', data: { n: 1 }, created: 1598569401500 },
      { type: 'b', identifier: '2', data: 'just text', created: 1598569401500 },
      { type: 'c', identifier: '3', data: null },
      { type: 'd', identifier: '4', data: [], created: 1598569401000 },
    ])
  })

  it('yields an event whose data is not JSON too, and reports it', async (t) => {
    const path = file(t, TABLE, INSERT, [
      [null, 't', '1', pickled],
      [null, 't', '2', strange],
    ])
    const said = mock.method(process.stderr, 'write', () => true)
    const events = (await eventsIn(path)) as { readonly data: unknown }[]
    said.mock.restore()
    assert.deepEqual(
      events.map(({ data }) => data),
      [{ payload: 'hello world' }, null],
    )
    assert.deepEqual(said.mock.calls[0]?.arguments, [
      'tidings: 1 event had data without a JSON form: null, or a time without its zone, is in its place (the first is in row 2)\n',
    ])
  })

  it('skips unreadable rows and continues', async (t) => {
    const bomb = Buffer.from([0x80, 2, 0x63, 0x6f, 0x73])
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const rows = [pickled, Buffer.from('no pickle'), bomb, deep, pickled, `"${'x'.repeat(9_000_000)}"`, pickled]
    const path = file(
      t,
      TABLE,
      INSERT,
      rows.map((data, i) => [null, 't', `${i}`, data]),
    )
    const skipped: [number, string][] = []
    const events = (await eventsIn(path, (...each) => void skipped.push(each))) as { readonly identifier: string }[]
    assert.deepEqual(
      events.map(({ identifier }) => identifier),
      ['0', '4', '6'],
    )
    assert.deepEqual(
      skipped.map(([row]) => row),
      [2, 3, 4, 6],
    )
    for (const [, why] of skipped) assert.match(why, /pickle|call stack|more than/)
  })

  it('reports its progress, and is closed when the reader stops', async (t) => {
    const path = file(
      t,
      TABLE,
      INSERT,
      Array.from({ length: 50 }, (_, i) => [null, 't', `${i}`, pickled]),
    )
    const progress: number[][] = []
    for await (const _ of await sqliteEvents(path, { ...silent, progress: (...done) => void progress.push(done) }))
      if (progress.length === 2) break
    assert.deepEqual(progress, [
      [1, 50],
      [2, 50],
    ])
    assert.equal((await eventsIn(path)).length, 50)
  })

  it('is rejected without a table of events', async (t) => {
    const path = file(t, 'CREATE TABLE other (identifier TEXT)', 'INSERT INTO other VALUES (?)', [['x']])
    await assert.rejects(
      eventsIn(path),
      /has no table of events, with columns event_type and identifier; its tables: "other"/,
    )
  })

  it('is rejected in one sentence when it is damaged, or its rows are in a file beside it', async (t) => {
    const path = file(t, TABLE, INSERT, [[null, 't', '1', pickled]])
    const bytes = readFileSync(path)
    const is = async (content: Buffer, said: RegExp): Promise<void> => {
      writeFileSync(path, content)
      await assert.rejects(eventsIn(path), { name: 'Failure', message: said })
    }
    await is(bytes.subarray(0, 16), /py_agent\.db can't be read as a SQLite file: file is not a database$/)
    await is(bytes.subarray(0, 100), /can't be read as a SQLite file: database disk image is malformed$/)
    const wal = Buffer.from(bytes)
    wal.fill(2, 18, 20)
    await is(wal, /can't be read as a SQLite file: .*; it is in WAL mode: sqlite3 .* 'PRAGMA journal_mode = DELETE'/)
  })

  it('is recognized by its header', async (t) => {
    assert.equal(await isSqlite(file(t, TABLE, INSERT, [])), true)
    const other = join(temporaryDirectory(t), 'x')
    for (const text of ['', 'SQLite', '{"type":"t"}\n']) {
      writeFileSync(other, text)
      assert.equal(await isSqlite(other), false)
    }
  })
})
