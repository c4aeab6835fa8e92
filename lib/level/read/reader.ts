import { TidingsError } from '../../core/errors.ts'
import type { Query } from '../../log/port.ts'
import { type Narrowed, narrow } from '../../log/query.ts'
import { keys, seqOf } from '../format/keys.ts'
import { decodeEvent, type EventRecord } from '../format/records.ts'
import { type Database, PAGE, READ_AHEAD } from '../store/database.ts'

/** A store to read events from. */
export interface EventStore {
  readonly db: Database
  /** The lowest seq whose body is kept. */
  readonly first: number
}

/** A store to read events from while it is written to. */
export interface LiveEventStore extends EventStore {
  /** The highest durable seq. */
  readonly writer: { readonly durable: number }
}

/** How many characters of records are read at a time: more would block the event loop. */
export const MOST_TEXT = 512 * 1024

/**
 * Reads the `count` records after `after`, all of which must exist. Reads fewer, but at least one, if they have more than
 * `mostText` characters.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` for a gap
 */
export async function readConsecutive(
  db: Database,
  after: number,
  count: number,
  mostText = Number.POSITIVE_INFINITY,
): Promise<readonly EventRecord[]> {
  const range = { gt: keys.event(after), lte: keys.event(after + count), limit: count, ...READ_AHEAD }
  const iterator = db.iterator(range)
  const records: EventRecord[] = []
  let text = 0
  try {
    while (records.length < count) {
      const entries = await iterator.nextv(count - records.length)
      if (entries.length === 0) throw missing(after + records.length + 1)
      for (const [key, record] of entries) {
        const expected = after + records.length + 1
        if (seqOf(key) !== expected) throw missing(expected)
        records.push(decodeEvent(key, record))
        text += record.length
        if (text > mostText) return records
      }
    }
    return records
  } finally {
    await iterator.close()
  }
}

/**
 * Reads one record; undefined when it is pruned.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` when it is missing
 */
export async function readRecord(store: EventStore, seq: number): Promise<EventRecord | undefined> {
  const key = keys.event(seq)
  const text = await store.db.get(key)
  if (text !== undefined) return decodeEvent(key, text)
  if (seq >= store.first) throw missing(seq)
  return undefined
}

/** Returns the error for an event that is missing. */
export function missing(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} is missing from the log`, { details: { seq } })
}

/**
 * Yields the events that match a query, up to the seq `upTo`. Calls `store` for each page, because the store may be
 * reopened or pruned meanwhile; skips pruned events.
 */
export async function* readEvents(store: () => EventStore, query: Query, upTo: number): AsyncGenerator<EventRecord> {
  const asked = narrow(query)
  const low = asked.after + 1
  let left = asked.limit
  const pages =
    asked.type === undefined ? everyPage(store, asked, low, upTo) : pagesOfType(store, asked.type, asked, low, upTo)
  for await (const page of pages) {
    for (const record of page) {
      if (left <= 0) return
      if (!asked.test(record.event)) continue
      left -= 1
      yield record
    }
    if (left <= 0) return
  }
}

/** Reads the page of records after `after`, up to `upTo`. */
async function readPage(db: Database, after: number, upTo: number): Promise<readonly EventRecord[]> {
  const limit = Math.min(PAGE, upTo - after)
  return limit <= 0 ? [] : readConsecutive(db, after, limit)
}

async function* everyPage(
  store: () => EventStore,
  { reverse }: Narrowed,
  low: number,
  high: number,
): AsyncGenerator<readonly EventRecord[]> {
  if (!reverse) {
    for (let at = low; at <= high; ) {
      const { db, first } = store()
      at = Math.max(at, first)
      yield await readPage(db, at - 1, high)
      at += PAGE
    }
    return
  }
  for (let top = high; ; top -= PAGE) {
    const { db, first } = store()
    const after = Math.max(low - 1, first - 1, top - PAGE)
    if (after >= top) return
    yield (await readPage(db, after, top)).toReversed()
  }
}

// A query for one exact type reads the type index, which is fast for rare types.
async function* pagesOfType(
  store: () => EventStore,
  type: string,
  { reverse }: Narrowed,
  low: number,
  high: number,
): AsyncGenerator<readonly EventRecord[]> {
  for (let [from, to] = [low, high]; from <= to; ) {
    const { db, first } = store()
    const keysOfType = { gte: keys.type(type, Math.max(from, first)), lte: keys.type(type, to), reverse, limit: PAGE }
    const found = (await db.keys(keysOfType).all()).map(seqOf)
    const last = found.at(-1)
    if (last === undefined) return
    const at = found.map(keys.event)
    const texts = await store().db.getMany(at)
    yield texts.flatMap((text, i) => {
      const seq = found[i] as number
      if (text === undefined && seq < store().first) return []
      if (text === undefined) throw missing(seq)
      const record = decodeEvent(at[i] as string, text)
      if (record.event.type === type) return [record]
      throw new TidingsError('TIDINGS_LOG_DAMAGED', `the index of types has event ${seq} under another type`, {
        details: { seq },
      })
    })
    if (reverse) to = last - 1
    else from = last + 1
  }
}
