import { TidingsError } from '../core/errors.ts'
import { type Database, READ_AHEAD } from './level-database.ts'
import { keys, seqOf } from './level-keys.ts'
import { decodeEvent, type EventRecord } from './level-records.ts'
import type { Query } from './port.ts'
import { type Narrowed, narrow } from './query.ts'

/** How many records a page of a longer reading has. */
const PAGE = 500

/** The records after `after`, up to and including `upTo`, at most `max`; a gap among them is damage. */
export async function readPage(db: Database, after: number, upTo: number, max: number): Promise<EventRecord[]> {
  const limit = Math.min(max, upTo - after)
  if (limit <= 0) return []
  const range = { gt: keys.event(after), lte: keys.event(upTo), limit, ...READ_AHEAD }
  const entries = await db.iterator(range).all()
  const records: EventRecord[] = []
  let expected = after + 1
  for (const [key, text] of entries) {
    if (seqOf(key) !== expected) throw missing(expected)
    records.push(decodeEvent(key, text))
    expected += 1
  }
  if (records.length < limit) throw missing(expected)
  return records
}

/** One record; its absence is damage unless it was pruned. */
export async function readRecord(db: Database, seq: number): Promise<EventRecord | undefined> {
  const key = keys.event(seq)
  const text = await db.get(key)
  return text === undefined ? undefined : decodeEvent(key, text)
}

function missing(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} is missing from the log`, { details: { seq } })
}

/**
 * The events that a query asks for, among those from `first` to `upTo`. The store is looked up for each page: it may be
 * closed and opened again meanwhile.
 */
export async function* readEvents(
  db: () => Database,
  query: Query,
  first: number,
  upTo: number,
): AsyncGenerator<EventRecord> {
  const asked = narrow(query)
  const low = Math.max(first, asked.after + 1)
  let left = asked.limit
  const pages =
    asked.type === undefined ? everyPage(db, asked, low, upTo) : pagesOfType(db, asked.type, asked, low, upTo)
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
  db: () => Database,
  { reverse }: Narrowed,
  low: number,
  high: number,
): AsyncGenerator<EventRecord[]> {
  if (!reverse) {
    for (let after = low - 1; after < high; after += PAGE) yield await readPage(db(), after, high, PAGE)
    return
  }
  for (let top = high; top >= low; top -= PAGE) {
    const after = Math.max(low - 1, top - PAGE)
    yield (await readPage(db(), after, top, PAGE)).reverse()
  }
}

// One exact type: its index says where its events are, however rare they are.
async function* pagesOfType(
  db: () => Database,
  type: string,
  { reverse }: Narrowed,
  low: number,
  high: number,
): AsyncGenerator<EventRecord[]> {
  for (let [from, to] = [low, high]; from <= to; ) {
    const keysOfType = { gte: keys.type(type, from), lte: keys.type(type, to), reverse, limit: PAGE }
    const found = (await db().keys(keysOfType).all()).map(seqOf)
    const last = found.at(-1)
    if (last === undefined) return
    const at = found.map(keys.event)
    const texts = await db().getMany(at)
    yield texts.map((text, i) => {
      if (text === undefined) throw missing(found[i] as number)
      return decodeEvent(at[i] as string, text)
    })
    if (reverse) to = last - 1
    else from = last + 1
  }
}
