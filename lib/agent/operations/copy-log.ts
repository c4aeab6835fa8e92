import { TidingsError } from '../../core/errors.ts'
import { isPostgres } from '../../core/log-address.ts'
import { makeLevel, readLevel } from '../../level/portable-log.ts'
import { isWithin } from '../../level/store/directory.ts'
import { type Copied, copyRecords } from '../../log/copy/copy-records.ts'
import type { Fill, LogFacts, PortableSource } from '../../log/copy/portable-log.ts'
import type { Progress } from '../../log/upkeep.ts'

/**
 * Copies a whole log to another place: a directory, or an address of PostgreSQL (`postgres://…?schema=tidings`). The copy
 * has the id of the original, and every record of it. It is compared with the original before it becomes a log: whatever
 * ends the program earlier leaves none, and the next attempt begins again.
 *
 * @param options `progress` is called with the number of records copied and compared so far, and of all (an estimate)
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (an agent has one of them open), `TIDINGS_LOG_INVALID` (there is no log, or
 *   the target is not empty, or a listener is shared by its code and is to be whole), `TIDINGS_LOG_DAMAGED` (the original
 *   is damaged, or the copy differs), `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_FAILED` (the disk is full, access is denied, or the
 *   server can't be reached)
 */
export async function copyLog(
  from: string,
  to: string,
  {
    progress = () => undefined,
  }: {
    /** Called as records are copied and compared. */
    readonly progress?: Progress
  } = {},
): Promise<Copied> {
  if (!isPostgres(from) && !isPostgres(to) && isWithin(to, from)) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `a log can't be copied into its own folder: ${to}`, {
      details: { directory: to },
    })
  }
  return reading(from, to, (source) => making(to, source.facts, (target) => copyRecords(source, target, progress)))
}

async function reading<T>(from: string, to: string, use: (source: PortableSource) => Promise<T>): Promise<T> {
  if (!isPostgres(from)) return readLevel(from, use)
  const { readPostgres, wholeConsumers } = await import('../../postgres/postgres.ts')
  return readPostgres(from, (source) => use(isPostgres(to) ? source : wholeConsumers(source)))
}

async function making<T>(to: string, facts: LogFacts, fill: Fill<T>): Promise<T> {
  if (!isPostgres(to)) return makeLevel(to, facts, fill)
  const { makePostgres } = await import('../../postgres/postgres.ts')
  return makePostgres(to, facts, fill)
}
