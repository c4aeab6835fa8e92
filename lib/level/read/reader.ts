import { TidingsError } from '../../core/errors.ts'
import type { Query } from '../../log/port.ts'
import { type Narrowed, narrow } from '../../log/query.ts'
import { keys, seqOf } from '../format/keys.ts'
import { decodeEvent, type EventRecord } from '../format/records.ts'
import { type Database, PAGE, READ_AHEAD } from '../store/database.ts'

/** A store that is read from, the lowest seq whose body it keeps, and the highest that is durable. */
export interface LiveEventStore extends EventStore {
  readonly writer: { readonly durable: number }
}

/** The records after `after`, up to and including `upTo`, at most `max`; a gap among them is damage. */
async function readPage(db: Database, after: number, upTo: number, max: number): Promise<readonly EventRecord[]> {
  const limit = Math.min(max, upTo - after)
  return limit <= 0 ? [] : readConsecutive(db, after, limit)
}

/** So many characters of records are read in one go, give or take the last record: more would block the event loop. */
export const MOST_TEXT = 512 * 1024

/**
 * So many records after `after`, all of which must be there. Fewer if they have more than `mostText` characters, but one
 * at least.
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

/** One record; its absence is damage unless it was pruned. */
export async function readRecord(store: EventStore, seq: number): Promise<EventRecord | undefined> {
  const key = keys.event(seq)
  const text = await store.db.get(key)
  if (text !== undefined) return decodeEvent(key, text)
  if (seq >= store.first) throw missing(seq)
  return undefined
}

/** The error of an event that should be there. */
export function missing(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} is missing from the log`, { details: { seq } })
}

/** A store that is read from, and the lowest seq whose body it keeps. */
interface EventStore {
  readonly db: Database
  readonly first: number
}

/**
 * The events that a query asks for, up to `upTo`. The store is looked up for each page: it may be closed and opened
 * again meanwhile, or pruned; what is gone is passed over.
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
      yield await readPage(db, at - 1, high, PAGE)
      at += PAGE
    }
    return
  }
  for (let top = high; ; top -= PAGE) {
    const { db, first } = store()
    const after = Math.max(low - 1, first - 1, top - PAGE)
    if (after >= top) return
    yield (await readPage(db, after, top, PAGE)).toReversed()
  }
}

// One exact type: its index says where its events are, however rare they are.
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
