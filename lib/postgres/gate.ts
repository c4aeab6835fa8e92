import { TidingsError } from '../core/errors.ts'
import type { Connection } from './connection.ts'
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
 * Checks at every connect that the server can hold a log: its version, that it is the primary, and its settings.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED`
 */
export async function checkServer(connection: Connection): Promise<void> {
  const [row = []] = await connection.ask(
    `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('server_version')`,
  )
  const [version, isStandby, words] = row as [number, boolean, string]
  if (version < OLDEST) throw failed(`PostgreSQL 14 or newer is needed, this is ${words}`)
  if (isStandby) throw failed('this server is a standby, which takes no writes: connect to the primary')
  const [problem] = await unfitSettings(connection)
  if (problem !== undefined) throw failed(problem)
}

/**
 * Returns what about the database, or its settings for this role, does not fit a log.
 *
 * - Other encodings lack characters, so some events could never be stored, and a refused text fails its whole call.
 * - In a stricter isolation, agents that write at the same time fail each other.
 * - That a commit did not reach its replica is known from a warning.
 */
export async function unfitSettings(connection: Connection): Promise<readonly string[]> {
  const [row = []] = await connection.ask(
    `SELECT current_setting('server_encoding'), current_setting('default_transaction_isolation'),
       current_setting('client_min_messages')`,
  )
  const [encoding, isolation, messages] = row as [string, string, string]
  const change = (name: string, value: string): string => `ALTER ROLE … SET ${name} = '${value}'`
  return [
    ...(encoding === 'UTF8' || encoding === 'SQL_ASCII'
      ? []
      : [`the database has the encoding ${encoding}, which lacks characters: make one with ENCODING 'UTF8'`]),
    ...(isolation.startsWith('read ')
      ? []
      : [
          `default_transaction_isolation is ${isolation}: ${change('default_transaction_isolation', 'read committed')}`,
        ]),
    ...(messages === 'error'
      ? [`client_min_messages is error, which hides warnings: ${change('client_min_messages', 'warning')}`]
      : []),
  ]
}

/** The server's state for a column that a table lacks. */
const NO_COLUMN = '42703'

/** The error for a schema that something else uses. */
export function foreignTables(schema: string, cause: unknown): TidingsError {
  const words = `the schema "${schema}" has tables that are not of a log: choose another schema`
  return new TidingsError('TIDINGS_LOG_INVALID', words, { cause, details: { schema } })
}

/**
 * Checks the server, and that the schema has a log of a format that this version reads.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_INVALID` when there is no log
 */
export async function checkLog(connection: Connection, schema: string): Promise<void> {
  await checkServer(connection)
  const [[exists] = []] = await connection.ask('SELECT to_regclass($1) IS NOT NULL', [`"${schema}".head`])
  if (exists !== true) throw new TidingsError('TIDINGS_LOG_INVALID', `there is no log in the schema "${schema}"`)
  const [[format] = []] = await connection.ask(`SELECT format FROM "${schema}".head`).catch((cause: unknown) => {
    if ((cause as { readonly cause?: { readonly code?: unknown } }).cause?.code !== NO_COLUMN) throw cause
    throw foreignTables(schema, cause)
  })
  if ((format as number) <= FORMAT) return
  const why = `the log has format ${format}, this version of Tidings reads up to ${FORMAT}`
  throw new TidingsError('TIDINGS_LOG_FORMAT', why, { details: { format, newest: FORMAT } })
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
