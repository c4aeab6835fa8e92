import { TidingsError } from '../../core/errors.ts'
import type { Query } from '../../log/port.ts'
import { type Narrowed, narrow } from '../../log/query.ts'
import { keys, seqOf } from '../format/keys.ts'
import { decode, decodeEvent, type EventRecord, FORGOTTEN, type Identity } from '../format/records.ts'
import { type Database, PAGE, READ_AHEAD } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import { type SeqRange, seqRanges } from './seq-ranges.ts'
import { typeNames, typeSeqs } from './type-seqs.ts'

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
 * Yields the events that match a query, up to the seq `upTo`. Reads only where its bounds are: the blocks of its time, the
 * index of its types, and nothing newer than the identities that it names. Applies the whole test to what it reads. Calls
 * `store` for each page, because the store may be reopened or pruned meanwhile; skips pruned events.
 */
export async function* readEvents(store: () => EventStore, query: Query, upTo: number): AsyncGenerator<EventRecord> {
  const asked = narrow(query)
  let left = asked.limit
  const types = await typeNames(store(), asked.types)
  const to = Math.min(upTo, asked.upTo, await newestOf(store(), types, asked.identifiers))
  for await (const range of seqRanges(store, asked, { from: asked.after + 1, to })) {
    const pages =
      types === undefined
        ? everyPage(store, { reverse: asked.reverse, size: pageSize(query, asked) }, range.from, range.to)
        : pagesOfTypes(store, types, range, asked.reverse)
    for await (const page of pages) {
      for (const record of page) {
        if (left <= 0) return
        if (!asked.test(record.event) || (query.told ?? record.told) !== record.told) continue
        left -= 1
        yield record
      }
      if (left <= 0) return
    }
  }
}

// Where every event matches, no more are read than are asked for.
function pageSize({ told, where }: Query, { types, since, until, limit }: Narrowed): number {
  const isEvery = where === undefined && told === undefined && types === undefined
  const isAlways = since === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY
  return isEvery && isAlways ? Math.min(PAGE, Math.max(1, limit)) : PAGE
}

/** With more identities, looking each one up takes longer than it saves. */
const MOST_IDENTITIES = 1000

/** The highest seq of these identities; Infinity if they are not known by name, or one is forgotten. */
async function newestOf(
  { db, rule }: EventStore,
  types: readonly string[] | undefined,
  identifiers: readonly string[] | undefined,
): Promise<number> {
  if (rule === undefined || identifiers === undefined || (rule === 'type' && types === undefined))
    return Number.POSITIVE_INFINITY
  const known = rule === 'type' ? (types ?? []) : ['']
  if (known.length * identifiers.length > MOST_IDENTITIES) return Number.POSITIVE_INFINITY
  const at = known.flatMap((type) =>
    identifiers.map((each) => (rule === 'type' ? keys.identity(type, each) : keys.identityAlone(each))),
  )
  const found = await db.getMany(at)
  const seqs = found.map((text, i) => decode<Identity>(at[i] as string, text)?.[0] ?? 0)
  const isForgotten = seqs.some((seq, i) => seq === FORGOTTEN && found[i] !== undefined)
  return isForgotten ? Number.POSITIVE_INFINITY : Math.max(0, ...seqs)
}

/** Reads the page of records after `after`, up to `upTo`. */
async function readPage(db: Database, after: number, upTo: number, size: number): Promise<readonly EventRecord[]> {
  const limit = Math.min(size, upTo - after)
  return limit <= 0 ? [] : readConsecutive(db, after, limit)
}

async function* everyPage(
  store: () => EventStore,
  { reverse, size }: { readonly reverse: boolean; readonly size: number },
  low: number,
  high: number,
): AsyncGenerator<readonly EventRecord[]> {
  if (!reverse) {
    for (let at = low; at <= high; ) {
      const { db, first } = store()
      at = Math.max(at, first)
      yield await readPage(db, at - 1, high, size)
      at += size
    }
    return
  }
  for (let top = high; ; top -= size) {
    const { db, first } = store()
    const after = Math.max(low - 1, first - 1, top - size)
    if (after >= top) return
    yield (await readPage(db, after, top, size)).toReversed()
  }
}

// The index of types is fast for rare types.
async function* pagesOfTypes(
  store: () => EventStore,
  types: readonly string[],
  range: SeqRange,
  reverse: boolean,
): AsyncGenerator<readonly EventRecord[]> {
  const wanted = new Set(types)
  for await (const seqs of typeSeqs(store, types, range, reverse)) {
    const at = seqs.map(keys.event)
    const texts = await textsAt(store().db, seqs, at)
    yield texts.flatMap((text, i) => {
      const seq = seqs[i] as number
      if (text === undefined && seq < store().first) return []
      if (text === undefined) throw missing(seq)
      const record = decodeEvent(at[i] as string, text)
      if (wanted.has(record.event.type)) return [record]
      throw new TidingsError('TIDINGS_LOG_DAMAGED', `the index of types has event ${seq} under another type`, {
        details: { seq },
      })
    })
  }
}

/** Of a range, at least this part is wanted if reading all of it is faster than looking the wanted records up. */
const DENSE = 0.5

async function textsAt(
  db: Database,
  seqs: readonly number[],
  at: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const [low, high] = [Math.min(...seqs), Math.max(...seqs)]
  if (seqs.length < (high - low + 1) * DENSE) return db.getMany([...at])
  const found = new Map(await db.iterator({ gte: keys.event(low), lte: keys.event(high), ...READ_AHEAD }).all())
  return at.map((key) => found.get(key))
}
