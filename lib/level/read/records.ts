import { TidingsError } from '../../core/errors.ts'
import { keys } from '../format/keys.ts'
import { decodeEvent, type EventRecord } from '../format/records.ts'
import { earliestStart, MOST_IN_SEGMENT, recordsIn, type SeqRecord } from '../format/segments.ts'
import { type Database, PAGE, READ_AHEAD } from '../store/database.ts'
import type { EventStore } from './event-store.ts'

/** From one seq to another, both included. */
export interface SeqRange {
  readonly from: number
  readonly to: number
}

/** The number of events on a page of a scan: 1 to 512, and so on. Such a page begins with a segment. */
export const EVENTS_PER_PAGE = 8 * MOST_IN_SEGMENT

/** A store, or a snapshot of one. */
type Iterated = Pick<Database, 'iterator'>

/** How many segments are read first: a page of records, if they are full. */
const FIRST_READ = EVENTS_PER_PAGE / MOST_IN_SEGMENT

/**
 * Yields the records of the events in a range, in order, in pages of at least one. Yields what the store has: whether one
 * is missing is for the caller to see.
 */
export async function* recordPages(
  db: Iterated,
  { from, to }: SeqRange,
  { reverse = false }: { readonly reverse?: boolean } = {},
): AsyncGenerator<readonly SeqRecord[]> {
  const range = { gte: keys.event(earliestStart(from)), lte: keys.event(to), reverse, ...READ_AHEAD }
  const iterator = db.iterator(range)
  let read = FIRST_READ
  try {
    for (;;) {
      const segments = await iterator.nextv(read)
      if (segments.length === 0) return
      const records = segments.flatMap(([key, text]) =>
        reverse ? recordsIn(key, text).toReversed() : recordsIn(key, text),
      )
      const wanted = records.filter(([seq]) => seq >= from && seq <= to)
      if (wanted.length > 0) yield wanted
      read = Math.min(PAGE, Math.ceil((EVENTS_PER_PAGE * segments.length) / records.length))
    }
  } finally {
    await iterator.close()
  }
}

/** Reads the record of one event; undefined when the store does not have it. */
export async function recordAt(db: Iterated, seq: number): Promise<string | undefined> {
  return (await recordsAt(db, [seq]))[0]
}

/**
 * Reads the records of events, in their order; undefined for each that the store does not have. Neighbours are read at
 * once.
 */
export async function recordsAt(db: Iterated, seqs: readonly number[]): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = []
  let near = new Map<number, string>()
  for (const seq of seqs) {
    if (!near.has(seq)) {
      const range = { gte: keys.event(earliestStart(seq)), lte: keys.event(seq), reverse: true, limit: 1 }
      const [segment] = await db.iterator(range).all()
      near = new Map(segment && recordsIn(...segment))
    }
    found.push(near.get(seq))
  }
  return found
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
  const records: EventRecord[] = []
  let text = 0
  for await (const page of recordPages(db, { from: after + 1, to: after + count })) {
    for (const [seq, record] of page) {
      const expected = after + records.length + 1
      if (seq !== expected) throw missing(expected)
      records.push(decodeEvent(seq, record))
      text += record.length
      if (records.length === count || text > mostText) return records
    }
  }
  throw missing(after + records.length + 1)
}

/**
 * Reads one record; undefined when it is pruned.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` when it is missing
 */
export async function readRecord(store: EventStore, seq: number): Promise<EventRecord | undefined> {
  const text = await recordAt(store.db, seq)
  if (text !== undefined) return decodeEvent(seq, text)
  if (seq >= store.first) throw missing(seq)
  return undefined
}

/** Returns the error for an event that is missing. */
export function missing(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} is missing from the log`, { details: { seq } })
}
