import { TidingsError } from '../core/errors.ts'
import type { Connection } from './connection.ts'
import { neededFunctions } from './make-log.ts'
import { FORMAT } from './sql/tables.ts'

/** The oldest server that works: 14 is the oldest that PostgreSQL still maintains. */
export const OLDEST = 140_000

/** Where a log ends, and in which history of the server. */
export interface Place {
  /** Differs after another server took over, which may lack the last commits. */
  readonly timeline: string
  readonly seq: number
  readonly first: number
  /** What an answer survives, according to the present settings. */
  readonly durability: 'disk' | 'process' | 'quorum'
}

/**
 * Checks at every connect that the server can hold a log: its version, that it is the primary, that a commit is durable,
 * and the format of the tables.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_INVALID` when there is no log
 */
export async function checkServer(connection: Connection, schema: string): Promise<void> {
  const [row = []] = await connection.ask(
    `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), to_regclass($1) IS NOT NULL,
       current_setting('server_version')`,
    [`"${schema}".head`],
  )
  const [version, isStandby, exists, words] = row as [number, boolean, boolean, string]
  if (version < OLDEST) throw failed(`PostgreSQL 14 or newer is needed, this is ${words}`)
  if (isStandby) throw failed('this server is a standby, which takes no writes: connect to the primary')
  if (!exists) throw new TidingsError('TIDINGS_LOG_INVALID', `there is no log in the schema "${schema}"`)
  const [[format] = []] = await connection.ask(`SELECT format FROM "${schema}".head`)
  if ((format as number) > FORMAT) {
    const why = `the log has format ${format}, this version of Tidings reads up to ${FORMAT}`
    throw new TidingsError('TIDINGS_LOG_FORMAT', why, { details: { format, newest: FORMAT } })
  }
}

/**
 * Checks that the log has the functions that this version calls. A newer version adds its own, and may remove older ones.
 *
 * @throws TidingsError `TIDINGS_LOG_FORMAT`
 */
export async function checkFunctions(connection: Connection, schema: string): Promise<void> {
  const missing = await connection.ask(
    `SELECT needed FROM unnest($2::text[]) needed WHERE NOT EXISTS (
       SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname = needed)`,
    [schema, neededFunctions()],
  )
  if (missing.length === 0) return
  const name = String(missing[0]?.[0])
  const why = `the log in the schema "${schema}" has no function ${name} any more: a newer version of Tidings works on it`
  throw new TidingsError('TIDINGS_LOG_FORMAT', `${why}; upgrade this one`, { details: { schema, missing: name } })
}

const SETTINGS = ['fsync', 'synchronous_commit', 'synchronous_standby_names']
  .map((name) => `current_setting('${name}')`)
  .join(', ')

/** What an answer of the log survives, according to the settings of the server. */
export async function durabilityOf(connection: Connection): Promise<Place['durability']> {
  const [row = []] = await connection.ask(`SELECT ${SETTINGS}`)
  return durabilityBy(...(row as [string, string, string]))
}

function durabilityBy(fsync: string, commit: string, standbys: string): Place['durability'] {
  if (fsync === 'off' || commit === 'off') return 'process'
  return standbys !== '' && commit !== 'local' ? 'quorum' : 'disk'
}

/** In which history of which server the statement runs. */
export const TIMELINE = `substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) ||
  (SELECT system_identifier FROM pg_control_system())`

/** Resolves to where the log ends. */
export async function placeOf(connection: Connection, schema: string): Promise<Place> {
  const [row = []] = await connection.ask(`SELECT ${TIMELINE}, seq, first, ${SETTINGS} FROM "${schema}".head`)
  const [timeline, seq, first, ...settings] = row as [string, string, string, string, string, string]
  return { timeline, seq: Number(seq), first: Number(first), durability: durabilityBy(...settings) }
}

function failed(message: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_FAILED', message)
}
