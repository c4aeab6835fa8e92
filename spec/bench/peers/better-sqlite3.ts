import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Draft } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'
import type { OpenPeer } from './peer.ts'

/** What is used of better-sqlite3. */
interface Database {
  pragma(text: string): unknown
  exec(text: string): unknown
  prepare(text: string): Statement
  transaction<T>(work: (argument: T) => void): (argument: T) => void
  close(): void
}

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

interface Row {
  readonly seq: number
  readonly identifier: string
  readonly data: string
}

/** How many events the listener reads and acks at once. */
const BATCH = 500

const TABLES = `
  CREATE TABLE event (seq INTEGER PRIMARY KEY, type TEXT, identifier TEXT, created INTEGER, data TEXT, UNIQUE (type, identifier));
  CREATE TABLE cursor (listener TEXT PRIMARY KEY, seq INTEGER);
  INSERT INTO cursor VALUES ('hear', 0)`

/** The rules of the log in SQL: a table of events, and the cursor of a listener. */
export const open: OpenPeer = async ({ directory, packages }) => {
  const Sqlite = createRequire(join(packages, 'package.json'))('better-sqlite3') as new (path: string) => Database
  const db = new Sqlite(join(directory, 'events.sqlite'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(TABLES)
  const insert = db.prepare(
    'INSERT INTO event (type, identifier, created, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const read = db.prepare(`SELECT seq, identifier, data FROM event WHERE seq > ? ORDER BY seq LIMIT ${BATCH}`)
  const ack = db.prepare(`UPDATE cursor SET seq = ? WHERE listener = 'hear'`)
  const write = db.transaction((drafts: readonly Draft[]) => {
    for (const { type, identifier, data } of drafts) insert.run(type, identifier, Date.now(), JSON.stringify(data))
  })
  let handle: (identifier: string) => void = () => undefined
  let [cursor, isAwake] = [0, false]
  const deliver = (): void => {
    const rows = read.all(cursor) as Row[]
    isAwake = rows.length > 0
    if (!isAwake) return
    for (const { identifier, data } of rows) {
      JSON.parse(data)
      handle(identifier)
    }
    cursor = (rows.at(-1) as Row).seq
    ack.run(cursor)
    setImmediate(deliver)
  }
  return {
    async accept(drafts) {
      write(drafts)
      if (!isAwake) setImmediate(deliver)
      isAwake = true
      // Its calls block: the listener gets a turn between them.
      await turn()
    },
    async listen(call) {
      handle = call
    },
    acked: () => until(() => !isAwake),
    async close() {
      db.close()
    },
  }
}
