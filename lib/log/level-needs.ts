import type { Database } from './level-database.ts'
import type { Flight } from './level-flight.ts'
import { keys, seqOf, startingWith } from './level-keys.ts'
import type { ParkedEvents } from './level-parked.ts'
import { type Cursor, decode } from './level-records.ts'
import type { HeldBy } from './retention.ts'

/** The lowest event whose body a consumer still needs. */
export type Need = HeldBy

/** The lowest of them; where several are the same, the first. */
export function lowest(needs: readonly Need[]): Need | undefined {
  return needs.reduce<Need | undefined>(
    (low, need) => (low === undefined || need.seq < low.seq ? need : low),
    undefined,
  )
}

/** What a consumer needs that nobody has opened: only the store knows. Nothing, if it has another name by now. */
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
    // Of each kind, the first key has the lowest seq.
    const [first] = await db.keys({ ...startingWith(prefix), limit: 1 }).all()
    if (first !== undefined) needs.push({ listener: name, seq: seqOf(first), why })
  }
  return needs
}

/**
 * What an open consumer needs, by what it knows. That it is done with an event may not be durable yet; it rides with the
 * commit that removes the body, or with one before.
 */
export function openNeed(listener: string, settledTo: number, flight: Flight, parked: ParkedEvents): Need {
  const needs: [Need['why'], Iterable<number>][] = [
    ['retry', flight.seqs()],
    ['parked', parked.seqs()],
    ['in flight', [...flight.fresh, ...flight.again]],
    ['cursor', [settledTo + 1]],
  ]
  return lowest(needs.flatMap(([why, seqs]) => Array.from(seqs, (seq): Need => ({ listener, seq, why })))) as Need
}
