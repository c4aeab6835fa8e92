import { defined } from '../../core/defined.ts'
import { DAY } from '../../core/time-units.ts'
import type { Retention } from '../../log/retention.ts'
import type { Stats } from '../../log/upkeep.ts'
import { KIND, type RecordKind, startingWith } from '../format/keys.ts'
import { decodeEvent } from '../format/records.ts'
import { readRecord, recordPages } from '../read/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import { approximateSize } from '../store/database.ts'
import { bytesIn, freeBytes } from '../store/directory.ts'
import { identityKey } from '../write/identities.ts'
import { hoursBefore } from './age-index.ts'

/** The number of days over which growth is measured. */
const RECENT_DAYS = 7

/** The number of newest events whose size is measured. */
const SAMPLE = 500

/** See `LevelLog.stats`. */
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
    ...defined({ retention }),
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
    events: await size(KIND.event, KIND.times),
    types: await size(KIND.type, KIND.count, KIND.cause),
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
  const week = now - RECENT_DAYS * DAY
  const from = await firstSince(store, week, first, last)
  // For pruned events, the age index has their hours.
  const before = from > first ? from - 1 : ((await hoursBefore(store.session.db, week))?.upTo ?? 0)
  // A younger log says little about a day, so its growth is not extrapolated.
  const days = Math.min(RECENT_DAYS, Math.max(1, (now - store.meta.created) / DAY))
  const events = (last - before) / days
  const bodiesStay = retention?.age === undefined && retention?.count === undefined && retention?.bytes === undefined
  const { bodies, identities } = await weigh(store, first, last)
  const stays = (bodiesStay ? bodies : 0) + (retention?.identities === undefined ? identities : 0)
  return { days, events, bytes: events * stays }
}

// Returns the first event that is not older than an instant. Approximate if the clock went back.
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

// Returns the average size of an event: its body with its type index, and its identity.
async function weigh(
  store: ReopeningStore,
  first: number,
  last: number,
): Promise<{ bodies: number; identities: number }> {
  const from = Math.max(first, last - SAMPLE + 1)
  const sum = { bodies: 0, identities: 0, count: 0 }
  for await (const page of recordPages(store.session.db, { from, to: last })) {
    for (const [seq, text] of page) {
      const { type, identifier } = decodeEvent(seq, text).event
      sum.count += 1
      sum.bodies += text.length + 1
      // The identity record is a checksum and a short array.
      sum.identities += identityKey(store.meta.identity, type, identifier).length + 10 + String(seq).length
    }
  }
  const count = Math.max(1, sum.count)
  return { bodies: sum.bodies / count, identities: sum.identities / count }
}
