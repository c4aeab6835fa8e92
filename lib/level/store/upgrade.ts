import { TidingsError } from '../../core/errors.ts'
import { keys } from '../format/keys.ts'
import { encode, FORMAT, type Meta } from '../format/records.ts'
import { type Database, SYNCED } from './database.ts'

/**
 * Converts the records of one format to the next, in place (decision 0022). If the process dies in between, it is called again, so it must
 * leave records alone that have the newer format already.
 */
export type Upgrade = (db: Database, meta: Meta) => Promise<void>

/** The upgrades, by the format that they read. */
export const upgrades: Readonly<Record<number, Upgrade>> = {
  // Format 2 has segments of several events. Those of format 1 are segments of one.
  1: async () => undefined,
}

/**
 * Refuses a format that only a newer version can read.
 *
 * @throws TidingsError `TIDINGS_LOG_FORMAT`
 */
export function refuseNewer(format: number): void {
  if (format <= FORMAT) return
  const words = `the log has format ${format}, this version reads up to ${FORMAT}: upgrade tidings`
  throw new TidingsError('TIDINGS_LOG_FORMAT', words, { details: { format, reads: FORMAT } })
}

/**
 * Upgrades a log of an older format to the present one, step by step. The new format is written last in each step, and
 * synced.
 *
 * @throws TidingsError `TIDINGS_LOG_FORMAT` when this version can't read the format
 */
export async function upgrade(db: Database, from: Meta, steps = upgrades): Promise<Meta> {
  let meta = from
  while (meta.format < FORMAT) {
    const step = steps[meta.format]
    if (step === undefined) {
      const words = `the log has format ${meta.format}, which this version can't read: it reads ${FORMAT}`
      throw new TidingsError('TIDINGS_LOG_FORMAT', words, { details: { format: meta.format, reads: FORMAT } })
    }
    await step(db, meta)
    meta = { ...meta, format: meta.format + 1 }
    await db.batch().put(keys.meta, encode(keys.meta, meta)).write(SYNCED)
  }
  return meta
}
