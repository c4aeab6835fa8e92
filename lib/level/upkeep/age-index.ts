import { HOUR } from '../../core/time-units.ts'
import { KIND, keys, seqOf, startingWith } from '../format/keys.ts'
import { decode, encode } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { Op } from '../write/commit.ts'

/**
 * How old an event is whose body is gone: by hours. The record of an hour is a seq: all events up to there were accepted
 * before that hour was over. So an identity needs no date of its own.
 */
export const hoursSinceEpoch = (created: number): number => Math.max(0, Math.floor(created / HOUR))

/** The last hour that has a record; 0 when there is none. Hours only rise: a clock that goes back makes nobody older. */
export async function lastHour(db: Database): Promise<number> {
  const [key] = await db.keys({ ...startingWith(KIND.hour), reverse: true, limit: 1 }).all()
  return key === undefined ? 0 : seqOf(key)
}

export function hourRecord(hour: number, seq: number): Op {
  const key = keys.hour(hour)
  return [key, encode(key, seq)]
}

/** The hours that were over at an instant, and the highest seq that is certainly older; undefined: there is none. */
export async function hoursBefore(
  db: Database,
  instant: number,
): Promise<{ readonly keys: readonly string[]; readonly upTo: number } | undefined> {
  const hours = await db.iterator({ gte: keys.hour(0), lt: keys.hour(hoursSinceEpoch(instant)) }).all()
  const last = hours.at(-1)
  return last === undefined ? undefined : { keys: hours.map(([key]) => key), upTo: decode<number>(...last) }
}
