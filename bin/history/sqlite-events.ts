import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from 'node-sqlite3-wasm'
import { Failure } from '../cli/errors.ts'
import { plural } from '../print/format.ts'
import { printProblem } from '../print/print.ts'
import { type Unpickled, unpickle } from './pickle.ts'

const HEADER = 'SQLite format 3\0'

/** A longer line would make the import fail. */
const LONGEST = 8 * 1024 * 1024

/** Accepted column names; the Python agent's own names come first. */
const columns = {
  type: ['event_type', 'type'],
  identifier: ['identifier'],
  data: ['data'],
  created: ['created', 'created_at', 'timestamp', 'time'],
} as const

/** Progress callbacks. `skip`: a row, counted from 1, is not an event, with the reason. */
export interface Watch {
  progress(done: number, all: number): void
  skip(row: number, why: string): void
}

type Value = number | bigint | string | Uint8Array | null
type Row = Readonly<Partial<Record<keyof typeof columns, Value>>>

/** Whether a file is a SQLite database. */
export async function isSqlite(path: string): Promise<boolean> {
  return (await firstBytes(path, HEADER.length)).toString('latin1') === HEADER
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/**
 * Reads the events of the Python agent's SQLite file in row order: a line of JSON for each row, or an empty line if the
 * row is not an event.
 */
export async function sqliteEvents(path: string, watch: Watch): Promise<AsyncIterable<Uint8Array>> {
  const { Database } = await library()
  return eventsOfCopy(path, (copy) => eventsIn(new Database(copy, { fileMustExist: true }), path, watch))
}

async function* eventsOfCopy(path: string, events: (copy: string) => Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Reads a copy: a killed reader leaves a lock file beside the database.
  const folder = await mkdtemp(join(tmpdir(), 'tidings-import-'))
  try {
    const copy = join(folder, 'events.db')
    await copyFile(path, copy)
    // The journal holds writes that the Python agent did not finish before it died; SQLite rolls them back.
    if (existsSync(`${path}-journal`)) await copyFile(`${path}-journal`, `${copy}-journal`)
    yield* events(copy)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`${path} can't be read as a SQLite file: ${asMessage(error)}${await hint(path)}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function asMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

// Bytes 18 and 19 are 2 in WAL mode: the newest rows are in a separate file, which the reader does not support.
async function hint(path: string): Promise<string> {
  const bytes = await firstBytes(path, 20)
  return bytes[18] === 2 ? `; it is in WAL mode: sqlite3 ${path} 'PRAGMA journal_mode = DELETE' ends that` : ''
}

function* eventsIn(db: Database, path: string, { progress, skip }: Watch): Generator<Uint8Array> {
  const spoilt: number[] = []
  try {
    const { table, found } = findTable((sql) => db.all(sql) as Record<string, Value>[], path)
    const all = Number((db.get(`SELECT count(*) AS n FROM ${table}`) as { readonly n: Value }).n)
    const wanted = Object.entries(found).map(([part, column]) => `${column} AS ${quoted(part)}`)
    const rows = db.prepare(`SELECT ${wanted.join(', ')} FROM ${table} ORDER BY rowid`).iterate() as Iterable<Row>
    let done = 0
    for (const row of rows) {
      done += 1
      let line = ''
      try {
        const { data, whole } = dataOf(row.data ?? null)
        line = JSON.stringify({
          type: textOf(row.type),
          identifier: textOf(row.identifier),
          data,
          created: timeOf(row.created),
        })
        if (!whole) spoilt.push(done)
      } catch (error) {
        skip(done, asMessage(error))
      }
      if (line.length > LONGEST) skip(done, `its event has more than ${LONGEST} characters`)
      yield Buffer.from(line.length > LONGEST ? '\n' : `${line}\n`)
      progress(done, all)
    }
  } finally {
    db.close()
  }
  if (spoilt.length === 0) return
  const which = `the first is in row ${spoilt[0]}`
  printProblem(
    `${plural(spoilt.length, 'event')} had data without a JSON form: null, or a time without its zone, is in its place (${which})`,
  )
}

async function library(): Promise<typeof import('node-sqlite3-wasm')> {
  try {
    return (await import('node-sqlite3-wasm')).default
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Failure("to read the Python agent's file, install what reads SQLite: npm install node-sqlite3-wasm")
  }
}

// The table name is not fixed: takes the first table that has an identifier and a type.
function findTable(
  ask: (sql: string) => readonly Record<string, Value>[],
  path: string,
): { readonly table: string; readonly found: Readonly<Record<string, string>> } {
  const tables = ask(`SELECT name FROM sqlite_master WHERE type = 'table'`).map(({ name }) => quoted(String(name)))
  for (const table of tables) {
    const there = ask(`PRAGMA table_info(${table})`).map(({ name }) => String(name))
    const found = Object.entries(columns).flatMap(([part, names]) => {
      const name = names.find((each) => there.includes(each))
      return name === undefined ? [] : [[part, quoted(name)] as const]
    })
    const parts = Object.fromEntries(found)
    if (parts.identifier !== undefined && parts.type !== undefined) return { table, found: parts }
  }
  throw new Failure(
    `${path} has no table of events, with columns event_type and identifier; its tables: ${tables.join(', ') || 'none'}`,
  )
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function textOf(value: Value = null): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value ?? '')
}

function dataOf(value: Value): Unpickled {
  if (value instanceof Uint8Array) return unpickle(value)
  const data = typeof value === 'string' ? parsed(value) : typeof value === 'bigint' ? String(value) : value
  return { data, whole: true }
}

// Text that is not JSON stays text.
function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** A smaller number is in seconds, not milliseconds: as milliseconds it would be a date in 1973 or before. */
const SECONDS = 1e11

// Python writes times without a zone: they are in the zone of the machine it ran on.
function timeOf(value: Value = null): number | undefined {
  if (value === null || value instanceof Uint8Array) return undefined
  const isNumber = typeof value !== 'string' || /^\d+(\.\d+)?$/.test(value)
  const number = isNumber ? Number(value) : Date.parse(value.replace(' ', 'T'))
  if (Number.isNaN(number)) return undefined
  return Math.round(isNumber && number < SECONDS ? number * 1000 : number)
}
