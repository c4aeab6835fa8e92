import type { CursorRecord, ParkedRecord, RetryRecord } from '../../log/consumer/consumer-store.ts'
import { placeOf } from '../../log/consumer/steering.ts'
import type { ReadRecords } from '../../log/consumer/stored-consumer.ts'
import type { EventPlace, Lag } from '../../log/port.ts'
import type { HeldBy } from '../../log/retention.ts'
import { KIND, keys, seqOf, startingWith, textsOf } from '../format/keys.ts'
import { decode, encode } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { Op } from '../write/commit.ts'

/** Resolves to the names of all stored consumers. */
export async function consumerNames(db: Database): Promise<readonly string[]> {
  const known = await db.keys(startingWith(KIND.cursor)).all()
  return known.map((key) => textsOf(key)[0] as string)
}

/** Returns the cursor of a consumer; undefined when there is no consumer of that name. */
export function readCursor(db: Database, name: string): CursorRecord | undefined {
  return decode<CursorRecord>(keys.consumer(name), db.getSync(keys.consumer(name)))
}

/** Resolves to the cursors of all consumers, by name. */
export async function readCursors(db: Database): Promise<readonly (readonly [name: string, cursor: CursorRecord])[]> {
  const found = await db.iterator(startingWith(KIND.cursor)).all()
  return found.map(([key, text]) => [textsOf(key)[0] as string, decode<CursorRecord>(key, text)])
}

/** Resolves to the records of a consumer, except the cursor. Only the keys of parked events are looked at. */
export async function readRecords(db: Database, name: string): Promise<Omit<ReadRecords, 'cursor'>> {
  const retries = (await entries(db, keys.retriesOf(name))).map(([key, text]) => ({
    seq: seqOf(key),
    ...decode<RetryRecord>(key, text),
  }))
  const parked = (await db.keys(startingWith(keys.parkedOf(name))).all()).map(seqOf)
  const inFlight = keys.inFlight(name)
  const crashes = (await entries(db, keys.crashesOf(name))).map(
    ([key, text]) => [seqOf(key), decode<number>(key, text)] as const,
  )
  return {
    inFlight: decode<number[]>(inFlight, db.getSync(inFlight)) ?? [],
    retries,
    parked,
    crashes: new Map(crashes),
  }
}

/** Returns the operation that stores a cursor. */
export function cursorOp(name: string, cursor: CursorRecord): Op {
  const key = keys.consumer(name)
  return [key, encode(key, cursor)]
}

/**
 * Resolves to the operations that move all records of a consumer to another name. The checksum covers the key, so each
 * record is encoded again. One commit keeps the cursor under a single name.
 */
export async function renaming(db: Database, from: string, to: string): Promise<Op[]> {
  const ops: Op[] = []
  const move = (key: string, text: string, target: string): void => {
    ops.push([key, undefined], [target, encode(target, decode(key, text))])
  }
  for (const [key, text] of await entries(db, keys.retriesOf(from))) move(key, text, keys.retry(to, seqOf(key)))
  for (const [key, text] of await entries(db, keys.parkedOf(from))) move(key, text, keys.parked(to, seqOf(key)))
  for (const [key, text] of await entries(db, keys.crashesOf(from))) move(key, text, keys.crash(to, seqOf(key)))
  for (const [key, text] of await entries(db, keys.inFlight(from))) move(key, text, keys.inFlight(to))
  const cursor = keys.consumer(from)
  const text = db.getSync(cursor)
  if (text !== undefined) move(cursor, text, keys.consumer(to))
  return ops
}

/** Resolves to the operations that remove all records of a consumer. */
export async function removing(db: Database, name: string): Promise<Op[]> {
  const prefixes = [keys.retriesOf(name), keys.parkedOf(name), keys.crashesOf(name), keys.inFlight(name)]
  const found = await Promise.all(prefixes.map((prefix) => db.keys(startingWith(prefix)).all()))
  return [keys.consumer(name), ...found.flat()].map((key): Op => [key, undefined])
}

/** Resolves to the number of waiting and of parked events of a consumer that is not open. */
export async function countRecords(db: Database, name: string): Promise<Pick<Lag, 'retrying' | 'parked'>> {
  const count = async (prefix: string): Promise<number> => (await db.keys(startingWith(prefix)).all()).length
  return { retrying: await count(keys.retriesOf(name)), parked: await count(keys.parkedOf(name)) }
}

/** Returns how far an event is that waits or is parked at a consumer that is not open; undefined for any other. */
export function storedPlace(db: Database, name: string, seq: number): EventPlace | undefined {
  const [retry, parked] = [keys.retry(name, seq), keys.parked(name, seq)]
  return (
    placeOf('parked', decode<ParkedRecord>(parked, db.getSync(parked))) ??
    placeOf('retrying', decode<RetryRecord>(retry, db.getSync(retry)))
  )
}

/** Resolves to what a consumer that is not open still needs; empty when it has been renamed or removed. */
export async function storedNeeds(db: Database, name: string): Promise<readonly HeldBy[]> {
  const key = keys.consumer(name)
  const record = decode<CursorRecord>(key, await db.get(key))
  if (record === undefined) return []
  const needs: HeldBy[] = [{ listener: name, seq: record.cursor + 1, why: 'cursor' }]
  const records = {
    retry: keys.retriesOf(name),
    parked: keys.parkedOf(name),
    'in flight': keys.crashesOf(name),
  } as const
  for (const [why, prefix] of Object.entries(records) as [HeldBy['why'], string][]) {
    // The first key of each kind has the lowest seq.
    const [first] = await db.keys({ ...startingWith(prefix), limit: 1 }).all()
    if (first !== undefined) needs.push({ listener: name, seq: seqOf(first), why })
  }
  return needs
}

function entries(db: Database, prefix: string): Promise<[string, string][]> {
  return db.iterator(startingWith(prefix)).all()
}
