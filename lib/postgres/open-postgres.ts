import type { Clock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { describe, TidingsError } from '../core/errors.ts'
import { type Limits, limitsOf } from '../core/limits.ts'
import { checkOptions } from '../core/options.ts'
import { autoPrune } from '../log/auto-prune.ts'
import { oneOf, warningsTo } from '../log/log-options.ts'
import { boundsOf, type Retention } from '../log/retention.ts'
import { connectTo } from './connect.ts'
import { createPostgresLog } from './create-postgres-log.ts'
import { checkLog, checkServer } from './gate.ts'
import { exists, makeLog } from './make-log.ts'
import type { PostgresLog } from './postgres-log.ts'
import { schemaName } from './schema-name.ts'
import { Session } from './session.ts'

/** How a log in PostgreSQL is opened. */
export interface PostgresOptions {
  /**
   * The schema of the log, made if it is missing: a name of `a-z`, `0-9` and `_`. Default: that of the address
   * (`postgres://…?schema=home`), else `tidings`.
   */
  readonly schema?: string
  /** What makes an identity. Fixed when the log is made. Default `type`: type and identifier together. */
  readonly identity?: 'type' | 'identifier'
  /** The largest parts of an event, in bytes. */
  readonly limits?: Partial<Limits>
  /** Dates the events instead of the server's clock. For tests. */
  readonly clock?: Clock
  /**
   * What the log keeps; default everything, for ever. Each agent that is opened with one prunes the log 10 s later, then
   * every hour. See `PostgresLog.prune`.
   */
  readonly retention?: Retention
  /** How long another agent waits before it takes over from this one, in ms; default 10 s. */
  readonly lease?: number
  /** Called with what the log has to report; default: prints to standard error. */
  warn?(message: string): void
}

/**
 * Opens the log in a schema of a PostgreSQL database, and makes it if it is missing.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the options), `TIDINGS_LOG_IDENTITY`, `TIDINGS_LOG_FORMAT`,
 *   `TIDINGS_LOG_FAILED` (the server can't be reached, or can't hold a log)
 */
export function openPostgres(address: string, options: PostgresOptions = {}): Promise<PostgresLog> {
  return open(address, options, true)
}

/**
 * The same, for a log that has to exist.
 *
 * @throws TidingsError as `openPostgres`; `TIDINGS_LOG_INVALID` if it does not
 */
export function openExistingPostgres(address: string, options: PostgresOptions = {}): Promise<PostgresLog> {
  return open(address, options, false)
}

async function open(address: string, options: PostgresOptions, creates: boolean): Promise<PostgresLog> {
  // A log in a folder takes `durability`; here, the server decides.
  checkOptions<PostgresOptions & { durability?: unknown }>(
    options,
    KNOWN,
    'TIDINGS_LOG_INVALID',
    'of a log in PostgreSQL',
  )
  const { clock, lease = 10_000, retention } = options
  const identity = oneOf(options, 'identity', ['type', 'identifier'])
  const schema = schemaName(address, options.schema)
  const limits = limitsOf(options.limits)
  if (retention !== undefined) boundsOf(retention)
  checkLease(lease)
  const warn = warningsTo(options.warn)
  const facts = await prepare(address, { schema, identity, creates })
  if (identity !== undefined && identity !== facts.identity) {
    const why = `the log identifies events by ${facts.identity}, not by ${identity}`
    throw new TidingsError('TIDINGS_LOG_IDENTITY', why, { details: { identity: facts.identity, asked: identity } })
  }
  const agent = crypto.randomUUID()
  const session = new Session({ address, schema, agent, lease, dates: clock, warn })
  await session.open()
  const log = createPostgresLog(session, {
    ...facts,
    clock: clock ?? session.time.clock,
    limits,
    ...defined({ retention }),
  })
  if (retention !== undefined) autoPrune(retention, { log, clock: log.clock, warn })
  return log
}

const KNOWN: Record<keyof PostgresOptions | 'durability', true> = {
  schema: true,
  identity: true,
  limits: true,
  clock: true,
  retention: true,
  lease: true,
  warn: true,
  durability: true,
}

// A timer takes no longer time.
function checkLease(lease: unknown): void {
  if (typeof lease === 'number' && lease > 0 && lease < 2 ** 31) return
  const words = `lease must be a number of ms, more than 0 and less than 2 ** 31, got ${describe(lease)}`
  throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path: 'lease' } })
}

interface Facts {
  readonly id: string
  readonly identity: 'type' | 'identifier'
}

interface Wanted {
  readonly schema: string
  readonly identity: Facts['identity'] | undefined
  readonly creates: boolean
}

async function prepare(address: string, { schema, identity = 'type', creates }: Wanted): Promise<Facts> {
  const connection = await connectTo(address, () => undefined)
  try {
    const isNew = creates && !(await exists(connection, schema, 'head'))
    await (isNew ? checkServer(connection) : checkLog(connection, schema))
    await makeLog(connection, schema, identity)
    const [[id, found] = []] = await connection.ask(`SELECT id, identity FROM "${schema}".head`)
    return { id: id as string, identity: found as Facts['identity'] }
  } finally {
    await connection.close()
  }
}
