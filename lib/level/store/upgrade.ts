import { TidingsError } from '../../core/errors.ts'
import { keys } from '../format/keys.ts'
import { encode, FORMAT, type Meta } from '../format/records.ts'
import { type Database, SYNCED } from './database.ts'

/**
 * Turns the records of one format into those of the next, in place. The process may die at any point: it is then called
 * again, so it has to know what it has done already (a record of the newer format is left as it is).
 */
export type Upgrade = (db: Database, meta: Meta) => Promise<void>

/** By the format that they read. There is none yet: the first format is that of today. */
const upgrades: Readonly<Record<number, Upgrade>> = {}

/** @throws TidingsError `TIDINGS_LOG_FORMAT` for a format that only a newer version knows */
export function refuseNewer(format: number): void {
  if (format <= FORMAT) return
  const words = `the log has format ${format}, this version reads up to ${FORMAT}: upgrade tidings`
  throw new TidingsError('TIDINGS_LOG_FORMAT', words, { details: { format, reads: FORMAT } })
}

/**
 * Brings a log of an older format up to this one, step by step. That a step was taken is written last, and synced.
 *
 * @throws TidingsError `TIDINGS_LOG_FORMAT` when nobody knows how to read it
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
