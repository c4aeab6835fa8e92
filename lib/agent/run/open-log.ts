import { isPostgres, type PostgresAddress } from '../../core/log-address.ts'
import type { LevelLog } from '../../level/level-log.ts'
import { type LogOptions, openLog as openDirectory } from '../../level/open-log.ts'
import type { Finding } from '../../log/finding.ts'
import type { MadeLog } from '../../postgres/make-log.ts'
import type { PostgresOptions } from '../../postgres/open-postgres.ts'
import type { PostgresLog } from '../../postgres/postgres-log.ts'

export type { PostgresAddress } from '../../core/log-address.ts'

/**
 * Opens the log in a database of PostgreSQL, which several agents can share. Makes it if it is missing. Needs the package
 * `pg`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the options), `TIDINGS_LOG_IDENTITY`, `TIDINGS_LOG_FORMAT`,
 *   `TIDINGS_LOG_FAILED` (the server can't be reached, or can't hold a log)
 */
export function openLog(address: PostgresAddress, options?: PostgresOptions): Promise<PostgresLog>
/**
 * Opens the log in a directory. Makes the directory if it is missing, readable for its owner alone (0700).
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (in use, by another process or by this one), `TIDINGS_LOG_DAMAGED`,
 *   `TIDINGS_LOG_FORMAT` (written by a newer version), `TIDINGS_LOG_IDENTITY` (a different rule of identity),
 *   `TIDINGS_LOG_INVALID` (the options, a folder with other files, or the address of
 *   another kind of database), `TIDINGS_LOG_FAILED` (the system's error as cause)
 *
 * @example
 * ```ts
 * import { openLog } from 'tidings'
 *
 * const log = await openLog('.tidings/example')
 * const [answer] = await log.accept([{ type: 'greeting', identifier: '123', data: { payload: 'hello' } }])
 * console.log(answer?.status)
 * await log.close()
 * ```
 */
export function openLog(directory: string, options?: LogOptions): Promise<LevelLog>
export async function openLog(
  place: string,
  options: LogOptions & PostgresOptions = {},
): Promise<LevelLog | PostgresLog> {
  if (!isPostgres(place)) return openDirectory(place, options)
  const { openPostgres } = await import('../../postgres/postgres.ts')
  return openPostgres(place, options)
}

/** Opens a log in PostgreSQL that has to exist. */
export async function openExisting(address: PostgresAddress, options: PostgresOptions = {}): Promise<PostgresLog> {
  const { openExistingPostgres } = await import('../../postgres/postgres.ts')
  return openExistingPostgres(address, options)
}

/** Makes the log at an address, and the roles that may use it. */
export async function initLog(address: PostgresAddress): Promise<MadeLog> {
  const { initPostgres } = await import('../../postgres/postgres.ts')
  return initPostgres(address)
}

/** Examines the server at an address, and the log in it. */
export async function examineLog(address: PostgresAddress): Promise<readonly Finding[]> {
  const { examinePostgres } = await import('../../postgres/postgres.ts')
  return examinePostgres(address)
}

/** The statements of `initLog`. */
export async function initLogSql(address: PostgresAddress): Promise<string> {
  const { initSql } = await import('../../postgres/postgres.ts')
  return initSql(address)
}
