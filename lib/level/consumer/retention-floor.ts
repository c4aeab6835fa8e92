import type { HeldBy } from '../../log/retention.ts'
import { keys, seqOf, startingWith } from '../format/keys.ts'
import { type Cursor, decode } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { InFlight } from './in-flight.ts'
import type { ParkedEvents } from './parked.ts'

/** The lowest event whose body a consumer still needs. */
export type Need = HeldBy

/** Returns the need with the lowest seq; the first of equals. */
export function lowest(needs: readonly Need[]): Need | undefined {
  return needs.reduce<Need | undefined>(
    (low, need) => (low === undefined || need.seq < low.seq ? need : low),
    undefined,
  )
}

/** Returns the needs of a consumer that is not open, from the store; empty when it has been renamed or removed. */
export async function storedNeed(db: Database, name: string): Promise<readonly Need[]> {
  const key = keys.consumer(name)
  const record = decode<Cursor>(key, await db.get(key))
  if (record === undefined) return []
  const needs: Need[] = [{ listener: name, seq: record.cursor + 1, why: 'cursor' }]
  const records = {
    retry: keys.retriesOf(name),
    parked: keys.parkedOf(name),
    'in flight': keys.crashesOf(name),
  } as const
  for (const [why, prefix] of Object.entries(records) as [Need['why'], string][]) {
    // The first key of each kind has the lowest seq.
    const [first] = await db.keys({ ...startingWith(prefix), limit: 1 }).all()
    if (first !== undefined) needs.push({ listener: name, seq: seqOf(first), why })
  }
  return needs
}

/**
 * Returns the need of an open consumer, from memory. Its latest settled events may not be durable yet; they ride with
 * the commit that removes the body, or with an earlier one.
 */
export function openNeed(listener: string, settledTo: number, flight: InFlight, parked: ParkedEvents): Need {
  const needs: [Need['why'], Iterable<number>][] = [
    ['retry', flight.seqs()],
    ['parked', parked.seqs()],
    ['in flight', [...flight.fresh, ...flight.again]],
    ['cursor', [settledTo + 1]],
  ]
  return lowest(needs.flatMap(([why, seqs]) => Array.from(seqs, (seq): Need => ({ listener, seq, why })))) as Need
}
