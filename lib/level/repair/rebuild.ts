import { defined } from '../../core/defined.ts'
import { LOST_EVENT } from '../../core/engine-types.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { CursorRecord } from '../../log/consumer/consumer-store.ts'
import { KIND, keys, type RecordKind, seqOf, startingWith, textsOf } from '../format/keys.ts'
import {
  decode,
  decodeEvent,
  encode,
  encodeEvent,
  FORGOTTEN,
  type Head,
  type Identity,
  identityOf,
  type Meta,
} from '../format/records.ts'
import { type Database, PAGE, pagesOf, READ_AHEAD } from '../store/database.ts'
import type { Op } from '../write/commit.ts'
import { type Counted, causeRecord, countEvent } from '../write/event-index.ts'
import { identityKey } from '../write/identities.ts'

/** The result of rebuilding a log. */
export interface Rebuilt {
  /** The number of events that were kept. */
  readonly events: number
  /** The seq of the newest event. */
  readonly last: number
  /** The seqs of the lost events. */
  readonly lost: readonly number[]
  /** The number of identities restored from events. */
  readonly identities: number
  /** The number of retries, parked events and crashes whose event is lost. */
  readonly dropped: number
  /** The listeners with records but without a cursor. */
  readonly withoutCursor: readonly string[]
}

/**
 * Makes a log out of sound records, an event a segment: restores identities and the type index from events, and puts an
 * untold `tidings.log.lost` event in the place of each lost one (decision 0030). `acknowledged`: the highest seq that
 * MARK names.
 */
export async function rebuild(db: Database, meta: Meta, acknowledged: number): Promise<Rebuilt> {
  const { first, last } = await reach(db, acknowledged)
  await drop(db, KIND.event, (key) => seqOf(key) < first)
  const lost = await missingSeqs(db, first, last)
  const counts = new Map<string, Counted>()
  const identities = await indexEvents(db, meta, counts)
  await fill(db, meta, lost, counts)
  await writeCounts(db, counts)
  const gone = new Set(lost)
  let dropped = 0
  for (const kind of [KIND.retry, KIND.parked, KIND.crash])
    dropped += await drop(db, kind, (key) => gone.has(seqOf(key)))
  const head: Head = [last, last, first, 0, 1, 0]
  await db.batch().put(keys.meta, encode(keys.meta, meta)).put(keys.head, encode(keys.head, head)).write()
  const events = last - first + 1 - lost.length
  return { events, last, lost, identities, dropped, withoutCursor: await orphans(db) }
}

// A record that names an event proves that the event existed.
async function reach(db: Database, acknowledged: number): Promise<{ readonly first: number; readonly last: number }> {
  const head = decode<Head>(keys.head, await db.get(keys.head))
  const [lowest] = await db.keys({ ...startingWith(KIND.event), limit: 1 }).all()
  const [highest] = await db.keys({ ...startingWith(KIND.event), limit: 1, reverse: true }).all()
  let last = Math.max(acknowledged, head?.[0] ?? 0, highest === undefined ? 0 : seqOf(highest))
  for await (const [key, text] of records(db, KIND.identity)) last = Math.max(last, decode<Identity>(key, text)[0])
  for await (const [key, text] of records(db, KIND.cursor))
    last = Math.max(last, decode<CursorRecord>(key, text).cursor)
  // Without a head, only the age index shows that bodies were pruned.
  const [pruned] = await db.keys({ ...startingWith(KIND.hour), limit: 1 }).all()
  const lowestKept = pruned === undefined ? 1 : lowest === undefined ? last + 1 : seqOf(lowest)
  return { first: head?.[2] ?? lowestKept, last }
}

async function missingSeqs(db: Database, first: number, last: number): Promise<number[]> {
  const lost: number[] = []
  let expected = first
  for await (const key of db.keys({ gte: keys.event(first), lte: keys.event(last) })) {
    for (; expected < seqOf(key); expected++) lost.push(expected)
    expected += 1
  }
  for (; expected <= last; expected++) lost.push(expected)
  return lost
}

/** Restores identities, the type index and the index of causes, and counts; returns how many identities were missing. */
async function indexEvents(db: Database, { identity: rule }: Meta, counts: Map<string, Counted>): Promise<number> {
  let written = 0
  // Newest first, because an identity names its newest event.
  for await (const page of pages(db, KIND.event, true)) {
    const found = page.map(([key, text]) => decodeEvent(seqOf(key), text))
    const at = found.map(({ event: { type, identifier } }) => identityKey(rule, type, identifier))
    const known = await db.getMany(at)
    const batch = db.batch()
    const latest = new Map<string, Identity>()
    for (const [i, { event, told }] of found.entries()) {
      const key = at[i] as string
      const stored = latest.get(key) ?? decode<Identity>(key, known[i])
      batch.put(keys.type(event.type, event.seq), '')
      for (const [at, record] of causeRecord(event)) batch.put(at, record as string)
      countEvent(counts, event)
      const identity = withEvent(stored, event, told)
      if (identity === stored) continue
      if (identity[0] !== stored?.[0]) written += 1
      latest.set(key, identity)
      batch.put(key, encode(key, identity))
    }
    await batch.write()
  }
  return written
}

// If the latest event of an identity is untold, an older one may be the one last told.
function withEvent(stored: Identity | undefined, event: StoredEvent, told: boolean): Identity {
  const { seq, version = null } = event
  if (stored === undefined || (stored[0] !== FORGOTTEN && stored[0] < seq)) return identityOf(event, told, undefined)
  const [latest, latestVersion, revision, toldSeq] = stored
  return told && toldSeq === 0 && seq < latest ? [latest, latestVersion ?? null, revision ?? 1, seq, version] : stored
}

async function writeCounts(db: Database, counts: Map<string, Counted>): Promise<void> {
  const batch = db.batch()
  for (const [type, counted] of counts) batch.put(keys.count(type), encode(keys.count(type), counted))
  await batch.write()
}

async function fill(
  db: Database,
  { identity: rule, created }: Meta,
  lost: readonly number[],
  counts: Map<string, Counted>,
): Promise<void> {
  const names = new Map<number, readonly string[]>()
  const gone = new Set(lost)
  if (lost.length > 0) {
    for await (const [key, text] of records(db, KIND.identity)) {
      const [seq] = decode<Identity>(key, text)
      if (gone.has(seq)) names.set(seq, textsOf(key))
    }
  }
  for (const seq of lost) countEvent(counts, { type: LOST_EVENT, seq, created })
  for (let from = 0; from < lost.length; from += PAGE) {
    const ops = lost.slice(from, from + PAGE).flatMap((seq): Op[] => placeholder(rule, seq, created, names.get(seq)))
    const batch = db.batch()
    for (const [key, text] of ops) batch.put(key, text as string)
    await batch.write()
  }
}

// Its data holds what is known of the lost event.
function placeholder(rule: Meta['identity'], seq: number, created: number, names: readonly string[] = []): Op[] {
  const identifier = `${LOST_EVENT} ${seq}`
  const [type, of] = names.length === 1 ? [undefined, names[0]] : names
  const data = { seq, ...defined({ type, identifier: of }) }
  const identity = identityKey(rule, LOST_EVENT, identifier)
  const event = { seq, type: LOST_EVENT, identifier, data, created }
  return [
    [keys.event(seq), encodeEvent(event, JSON.stringify(data), undefined, false)],
    [identity, encode(identity, [seq])],
    [keys.type(LOST_EVENT, seq), ''],
  ]
}

/** Removes the unwanted records of a kind; returns how many. */
async function drop(db: Database, kind: RecordKind, isUnwanted: (key: string) => boolean): Promise<number> {
  let dropped = 0
  for await (const page of pages(db, kind)) {
    const batch = db.batch()
    for (const [key] of page.filter(([each]) => isUnwanted(each))) {
      batch.del(key)
      dropped += 1
    }
    await batch.write()
  }
  return dropped
}

// Returns the listeners with records but without a cursor.
async function orphans(db: Database): Promise<string[]> {
  const names = new Set<string>()
  for (const kind of [KIND.retry, KIND.parked, KIND.crash, KIND.flight]) {
    for await (const key of db.keys(startingWith(kind))) names.add(textsOf(key)[0] as string)
  }
  const found = await Promise.all([...names].map(async (name) => [name, await db.get(keys.consumer(name))] as const))
  return found.filter(([, cursor]) => cursor === undefined).map(([name]) => name)
}

async function* records(db: Database, kind: RecordKind): AsyncGenerator<[string, string]> {
  for await (const page of pages(db, kind)) yield* page
}

function pages(db: Database, kind: RecordKind, reverse = false): AsyncGenerator<[string, string][]> {
  return pagesOf(db.iterator({ ...startingWith(kind), reverse, ...READ_AHEAD }))
}
