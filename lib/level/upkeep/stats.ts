import { DAY } from '../../core/time-units.ts'
import type { Retention } from '../../log/retention.ts'
import { KIND, keys, type RecordKind, startingWith } from '../format/keys.ts'
import { decodeEvent } from '../format/records.ts'
import { readRecord } from '../read/reader.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import { approximateSize } from '../store/database.ts'
import { bytesIn, freeBytes } from '../store/directory.ts'
import { identityKey } from '../write/identities.ts'
import { hoursBefore } from './age-index.ts'

/** Growth is that of the last week. */
const RECENT = 7

/** How many of the newest events are weighed. */
const SAMPLE = 500

/** What is in a log, and how large it is. Sizes are in bytes. */
export interface Stats {
  /** How many bodies are kept, the seqs of the oldest (when none is kept: of the next) and of the newest event. */
  readonly events: { readonly count: number; readonly first: number; readonly last: number }
  /** What each kind of record takes in LevelDB's tables, more or less; what was written lately is not in them yet. */
  readonly sizes: {
    readonly events: number
    readonly types: number
    readonly identities: number
    readonly listeners: number
    readonly state: number
  }
  /** All files of the log; absent in memory. */
  readonly disk?: number
  /** What is free on its disk. */
  readonly free?: number
  /**
   * Per day, over the last `days` (at most 7): events, and bytes as they are written (on disk they are compressed, so
   * it is rather less). Where bodies do not stay for ever, only what does counts.
   */
  readonly growth: { readonly days: number; readonly events: number; readonly bytes: number }
  /** When the disk is full if that goes on. */
  readonly fullInDays?: number
  /** What the log was opened with. */
  readonly retention?: Retention
}

export async function stats(store: ReopeningStore, retention: Retention | undefined): Promise<Stats> {
  const { first, writer } = store.session
  const last = writer.durable
  const growth = await growthOf(store, first, last, retention)
  const space = store.directory === undefined ? {} : await spaceOf(store.directory, growth.bytes)
  return {
    events: { count: last - first + 1, first, last },
    sizes: await sizesOf(store),
    growth,
    ...space,
    ...(retention === undefined ? {} : { retention }),
  }
}

async function spaceOf(directory: string, growth: number): Promise<Pick<Stats, 'disk' | 'free' | 'fullInDays'>> {
  const [disk, free] = [await bytesIn(directory), await freeBytes(directory)]
  return { disk, free, ...(growth > 0 ? { fullInDays: free / growth } : {}) }
}

async function sizesOf({ session: { db } }: ReopeningStore): Promise<Stats['sizes']> {
  const size = async (...kinds: readonly RecordKind[]): Promise<number> => {
    const sizes = await Promise.all(kinds.map((kind) => approximateSize(db, startingWith(kind))))
    return sizes.reduce((sum, each) => sum + each, 0)
  }
  return {
    events: await size(KIND.event),
    types: await size(KIND.type),
    identities: await size(KIND.identity),
    listeners: await size(KIND.cursor, KIND.flight, KIND.parked, KIND.retry, KIND.crash),
    state: await size(KIND.claim, KIND.state, KIND.run),
  }
}

async function growthOf(
  store: ReopeningStore,
  first: number,
  last: number,
  retention: Retention | undefined,
): Promise<Stats['growth']> {
  const now = store.clock.now()
  const week = now - RECENT * DAY
  const from = await firstSince(store, week, first, last)
  // Of what was pruned, the hours are known.
  const before = from > first ? from - 1 : ((await hoursBefore(store.session.db, week))?.upTo ?? 0)
  // A log that is an hour old says little of a day; what it says is not multiplied.
  const days = Math.min(RECENT, Math.max(1, (now - store.meta.created) / DAY))
  const events = (last - before) / days
  const bodiesStay = retention?.age === undefined && retention?.count === undefined && retention?.bytes === undefined
  const { bodies, identities } = await weigh(store, first, last)
  const stays = (bodiesStay ? bodies : 0) + (retention?.identities === undefined ? identities : 0)
  return { days, events, bytes: events * stays }
}

// The first event that is not older, if dates rise: a clock that went back makes it a rough answer.
async function firstSince(store: ReopeningStore, instant: number, first: number, last: number): Promise<number> {
  let [low, high] = [first, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (((await created(store, middle)) ?? instant - 1) < instant) low = middle + 1
    else high = middle
  }
  return low
}

async function created(store: ReopeningStore, seq: number): Promise<number | undefined> {
  return (await readRecord(store.session, seq))?.event.created
}

// What one event takes, on average: its body with its place in the index of types, and its identity.
async function weigh(
  store: ReopeningStore,
  first: number,
  last: number,
): Promise<{ bodies: number; identities: number }> {
  const from = Math.max(first, last - SAMPLE + 1)
  const range = { gte: keys.event(from), lte: keys.event(last) }
  const entries = await store.session.db.iterator(range).all()
  const sum = { bodies: 0, identities: 0 }
  for (const [key, text] of entries) {
    const { type, identifier, seq } = decodeEvent(key, text).event
    sum.bodies += key.length + text.length + keys.type(type, seq).length
    // A checksum and a short list.
    sum.identities += identityKey(store.meta.identity, type, identifier).length + 10 + String(seq).length
  }
  const count = Math.max(1, entries.length)
  return { bodies: sum.bodies / count, identities: sum.identities / count }
}
