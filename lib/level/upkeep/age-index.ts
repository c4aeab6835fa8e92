import { HOUR } from '../../core/time-units.ts'
import { KIND, keys, seqOf, startingWith } from '../format/keys.ts'
import { decode, encode } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { Op } from '../write/commit.ts'

/*
 * The age of events whose bodies are pruned, by hours. The record of an hour holds a seq: all events up to it were accepted
 * before the hour was over. So an identity does not need a date of its own.
 */

/** Converts ms since the epoch to hours. */
export const hoursSinceEpoch = (created: number): number => Math.max(0, Math.floor(created / HOUR))

/** Returns the last hour with a record, or 0. Hours only rise: a clock that goes back makes no event older. */
export async function lastHour(db: Database): Promise<number> {
  const [key] = await db.keys({ ...startingWith(KIND.hour), reverse: true, limit: 1 }).all()
  return key === undefined ? 0 : seqOf(key)
}

/** Returns the write that records an hour. */
export function hourRecord(hour: number, seq: number): Op {
  const key = keys.hour(hour)
  return [key, encode(key, seq)]
}

/** Returns the keys of the hours that were over at an instant, and the highest seq that is certainly older. */
export async function hoursBefore(
  db: Database,
  instant: number,
): Promise<{ readonly keys: readonly string[]; readonly upTo: number } | undefined> {
  const hours = await db.iterator({ gte: keys.hour(0), lt: keys.hour(hoursSinceEpoch(instant)) }).all()
  const last = hours.at(-1)
  return last === undefined ? undefined : { keys: hours.map(([key]) => key), upTo: decode<number>(...last) }
}
