import { defined } from '../../core/defined.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import type { Consumer, Span, Start } from '../port.ts'
import type { ConsumerStore, CursorRecord, EventRecord, RetryRecord } from './consumer-store.ts'
import { addSpan, passedByMove } from './passed.ts'
import type { Waiting } from './retries.ts'

/** What the store knows of a consumer when it is opened. */
export interface StoredConsumer {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly cursor: CursorRecord
  /** The events that wait for another attempt. */
  readonly waiting: readonly Waiting[]
  /** The seqs of the parked events. */
  readonly parked: readonly number[]
  /** The events that may have killed the process. */
  readonly suspects: Crashes
}

/** Suspects by seq, each with the number of crashes while it was alone in flight. */
export type Crashes = ReadonlyMap<number, number>

/** The records of a consumer, as read from the store. */
export interface ReadRecords {
  readonly cursor: CursorRecord
  readonly inFlight: readonly number[]
  readonly retries: readonly (RetryRecord & { readonly seq: number })[]
  readonly parked: readonly number[]
  readonly crashes: Crashes
}

/**
 * Returns what a consumer begins with, according to its records. `hears`: whether it hears an event.
 *
 * The suspects are the unsettled events that were in flight, and events that have been handed out alone before
 * (decision 0006). Each gets a record of its own; the cursor lists the open events between them, so that a settled
 * event stays settled although the cursor has not passed it yet.
 */
export async function storedConsumer(
  store: Pick<ConsumerStore, 'read' | 'clock'>,
  { cursor: found, inFlight, retries, parked, crashes }: ReadRecords,
  hears: (record: EventRecord) => boolean,
  monotonicNow: number,
): Promise<Pick<StoredConsumer, 'cursor' | 'waiting' | 'parked' | 'suspects'>> {
  const waiting = retries.map((each): Waiting => ({ ...each, at: dueAgain(each, monotonicNow) }))
  const now = store.clock.now()
  const retried = new Set(retries.map(({ seq }) => seq))
  const suspects = new Map<number, number>()
  for (const seq of inFlight) if (isOpen(found, seq) || retried.has(seq)) suspects.set(seq, 0)
  for (const [seq, count] of crashes) suspects.set(seq, count)
  for (const seq of parked) suspects.delete(seq)
  // An event with a later due time was no longer in flight, and must not hold up the rest.
  for (const { seq, at } of waiting) if (at > now) suspects.delete(seq)
  const cursor = await withOpenBetween(store, found, [...suspects.keys()], hears)
  return { cursor, waiting, parked, suspects }
}

// When an event of an earlier process is due. A clock that went back does not prolong its pause (decision 0025).
function dueAgain({ at, since }: RetryRecord, now: number): number {
  return since !== undefined && since > now ? Math.min(at, now + Math.max(0, at - since)) : at
}

/** Whether an event is still to be handed out as new. */
export function isOpen({ cursor, beyond }: Pick<CursorRecord, 'cursor' | 'beyond'>, seq: number): boolean {
  return beyond === undefined || seq > beyond.to ? seq > cursor : beyond.open.includes(seq)
}

/** Records per read. */
const PAGE = 500

async function withOpenBetween(
  store: Pick<ConsumerStore, 'read'>,
  cursor: CursorRecord,
  suspects: readonly number[],
  hears: (record: EventRecord) => boolean,
): Promise<CursorRecord> {
  if (suspects.length === 0) return cursor
  const known = cursor.beyond ?? { to: cursor.cursor, open: [] }
  const to = suspects.reduce((most, seq) => Math.max(most, seq), known.to)
  const suspected = new Set(suspects)
  const open = known.open.filter((seq) => !suspected.has(seq))
  for (let after = known.to; after < to; ) {
    const page = await store.read(after, PAGE)
    for (const record of page) {
      const { seq } = record.event
      if (seq <= to && !suspected.has(seq) && hears(record)) open.push(seq)
    }
    after = page.at(-1)?.event.seq ?? to
  }
  return { ...cursor, beyond: { to, open } }
}

/** Where a consumer begins: after a seq and, for a start in the future, not before `since` (ms since the epoch). */
export interface Beginning {
  readonly cursor: number
  readonly since?: number
}

/** The ends of a log, and a search in it, from which a start follows. */
export interface LogRange {
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The highest durable seq. */
  readonly durable: number
  /** Resolves to the seq of the first event created at this time or later; undefined without such an event. */
  firstSince(since: Date): Promise<number | undefined>
}

/** How far beyond the end of the log a consumer may start, in events: a time in ms, mistaken for a seq, is further. */
export const MOST_BEYOND = 10_000

/**
 * Resolves to where a consumer with this start begins. Pruned events count as settled.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid start, or a seq far beyond the end of the log
 */
export async function beginningOf(start: Start, now: number, log: LogRange): Promise<Beginning> {
  const cursor = Math.max(await firstOf(start, log), log.first) - 1
  const isInFuture = start instanceof Date && start.getTime() > now && cursor >= log.durable
  return isInFuture ? { cursor, since: start.getTime() } : { cursor }
}

async function firstOf(start: Start, log: LogRange): Promise<number> {
  const last = log.durable
  if (start === 'now') return last + 1
  if (start === 'start') return 1
  if (start instanceof Date && !Number.isNaN(start.getTime())) return (await log.firstSince(start)) ?? last + 1
  if (typeof start !== 'number' || !Number.isSafeInteger(start) || start < 0) {
    const words = `a consumer starts at 'now', 'start', a Date or a seq, got ${quote(String(start))}`
    throw new TidingsError('TIDINGS_LOG_INVALID', words)
  }
  if (start <= last + MOST_BEYOND) return start
  throw new TidingsError(
    'TIDINGS_LOG_INVALID',
    `a consumer can't start at event ${start}: the log ends at ${last}; a time is given as a Date, new Date(${start})`,
    { details: { seq: start, last } },
  )
}

/** Returns the record of a moved consumer: it receives events that it was handed before again, as a replay. */
export function movedTo(to: Beginning, before: CursorRecord): CursorRecord {
  const { again, beyond: _, since: __, passed: ___, ...record } = before
  const until = Math.max(record.cursor, again?.until ?? 0)
  const { passed, unheard } = passedByMove(to.cursor, before)
  const moved = { ...record, ...to, ...defined({ passed: waitingAt(to, passed) }) }
  if (to.cursor >= until) return moved
  const replay = (record.replays ?? 0) + 1
  return { ...moved, replays: replay, again: defined({ until, replay, unheard }) }
}

/** The record of a consumer that is new to the log. */
export function begunAt(to: Beginning, created: number): CursorRecord {
  return { ...to, created, ...defined({ passed: waitingAt(to, addSpan([], 1, to.cursor)) }) }
}

// A consumer that waits for its start passes over more, from here on: an empty span marks the place.
function waitingAt({ cursor, since }: Beginning, passed: readonly Span[] | undefined): readonly Span[] | undefined {
  if (since === undefined || passed === undefined || passed.at(-1)?.[1] === cursor) return passed
  return [...passed, [cursor + 1, cursor]]
}
