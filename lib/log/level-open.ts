import { randomUUID } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { TidingsError } from '../core/errors.ts'
import { type Database, type DatabaseSource, READ_AHEAD, SYNCED } from './level-database.ts'
import { keys, seqOf } from './level-keys.ts'
import type { Mark, MarkFile } from './level-mark.ts'
import { decode, decodeEvent, encode, FORMAT, type Head, type Meta } from './level-records.ts'

/** A store that was opened and found sound. */
export interface Sound {
  readonly db: Database
  readonly meta: Meta
  readonly head: number
  readonly first: number
}

/** What is expected of the store. `warn` hears of what was put right. */
export interface Expected {
  readonly identity: 'type' | 'identifier' | undefined
  readonly clock: Clock
  warn(message: string): void
}

/**
 * LevelDB drops what it can't read of its newest writes without a word. Those are in its log files, which hold at most
 * two write buffers; at the smallest record that is this many events. Older ones rest in tables, where a read notices.
 */
const TAIL = 20_000

/**
 * Opens the store and checks what LevelDB itself can't: that it is the one that was here (MARK), that its newest
 * events are there without a hole (floor, head, checksums), that this version can read it. Nothing is ever deleted.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_IDENTITY`, `TIDINGS_LOG_LOCKED`
 */
export async function openSound(source: DatabaseSource, marks: MarkFile, expected: Expected): Promise<Sound> {
  const mark = await marks.read()
  const db = await source.open({ createIfMissing: mark === undefined })
  try {
    const meta = (await readMeta(db, mark)) ?? (await create(db, expected))
    checkMeta(meta, mark, expected.identity)
    const head = decode<Head>(keys.head, await db.get(keys.head)) ?? [0, 0, 1]
    await checkTail(db, head, mark)
    if (mark === 'bad') expected.warn('the MARK file could not be read and is written anew')
    return { db, meta, head: head[0], first: head[2] }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function readMeta(db: Database, mark: Mark | 'bad' | undefined): Promise<Meta | undefined> {
  const meta = decode<Meta>(keys.meta, await db.get(keys.meta))
  if (meta !== undefined) return meta
  const [found] = await db.keys({ limit: 1 }).all()
  if (mark === undefined && found === undefined) return undefined
  throw damaged('the log has lost the record that says what it is', 1)
}

async function create(db: Database, { identity, clock }: Expected): Promise<Meta> {
  const meta: Meta = { format: FORMAT, id: randomUUID(), identity: identity ?? 'type', created: clock.now() }
  await db.batch().put(keys.meta, encode(keys.meta, meta)).write(SYNCED)
  return meta
}

function checkMeta(meta: Meta, mark: Mark | 'bad' | undefined, identity: Expected['identity']): void {
  const format = Math.max(meta.format, mark === undefined || mark === 'bad' ? 0 : mark.format)
  if (format > FORMAT) {
    throw new TidingsError(
      'TIDINGS_LOG_FORMAT',
      `the log has format ${format}, this version reads up to ${FORMAT}: upgrade tidings`,
      {
        details: { format, reads: FORMAT },
      },
    )
  }
  if (identity !== undefined && identity !== meta.identity) {
    throw new TidingsError(
      'TIDINGS_LOG_IDENTITY',
      `the log tells events apart by ${meta.identity}, and was opened with identity: '${identity}'`,
      { details: { expected: identity, found: meta.identity } },
    )
  }
  if (mark !== undefined && mark !== 'bad' && mark.id !== meta.id) {
    throw damaged('the MARK file belongs to another log', 1)
  }
}

async function checkTail(db: Database, [head, floor, first]: Head, mark: Mark | 'bad' | undefined): Promise<void> {
  const acknowledged = Math.max(floor, mark === undefined || mark === 'bad' ? 0 : mark.seq)
  if (acknowledged > head)
    throw damaged(`events up to ${acknowledged} were acknowledged, the log ends at ${head}`, head + 1)
  const [newest] = await db.keys({ gt: keys.event(head), lt: keys.event(2 ** 48 - 1), limit: 1 }).all()
  if (newest !== undefined) throw damaged(`event ${seqOf(newest)} is there, though the log ends at ${head}`, head + 1)
  let expected = Math.max(first, head - TAIL + 1)
  for await (const [key, text] of db.iterator({ gte: keys.event(expected), lte: keys.event(head), ...READ_AHEAD })) {
    if (seqOf(key) !== expected) break
    decodeEvent(key, text)
    expected += 1
  }
  if (expected <= head) throw damaged(`event ${expected} is missing from the log`, expected)
}

function damaged(message: string, seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', message, { details: { seq } })
}
