import { TidingsError } from '../core/errors.ts'
import { MINUTE } from '../core/time-units.ts'
import type {
  Fill,
  LogFacts,
  PortableKind,
  PortableRecords,
  PortableSource,
  PortableTarget,
} from '../log/copy/portable-log.ts'
import { connectTo } from './connect.ts'
import type { Connection, Row } from './connection.ts'
import { checkLog, checkServer } from './gate.ts'
import { exists, lockBase, makeLogWithin } from './make-log.ts'
import { forms } from './portable-records.ts'
import { schemaName } from './schema-name.ts'
import { LOCKED, stateOf } from './steps.ts'

/** How many records are read and written at a time, and about how many characters are written. */
const PAGE = 250
const MOST_TEXT = 4 * 1024 * 1024

/** The server may sort and count a whole log before it answers. In ms. */
const PATIENCE = 10 * MINUTE

/** How long a copy waits for an empty log, in ms. One that it reads itself stays locked. */
const MOST_WAIT = 500

/** The tables with rows of their own; without any, a log is empty. */
const FILLED = ['event', 'identity', 'state', 'consumer', 'mark', 'slots', 'run']

/**
 * Reads the log at an address, as it is at this moment. Its schema is named in the address: `?schema=tidings`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (there is no log), `TIDINGS_LOG_LOCKED` (agents have it open),
 *   `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_FAILED` (the server can't be reached)
 */
export async function readPostgres<T>(address: string, use: (source: PortableSource) => Promise<T>): Promise<T> {
  return inTransaction(address, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (connection, schema) => {
    await checkLog(connection, schema)
    await refuseInUse(connection, schema)
    const [row = []] = await connection.ask(`SELECT id, identity, first, seq FROM "${schema}".head`)
    const [id, identity, first, last] = row as [string, LogFacts['identity'], string, string]
    const facts = { id, identity, first: Number(first), last: Number(last) }
    const tables = new Tables(connection, schema, identity)
    return use({ facts, records: (kind) => tables.read(kind) })
  })
}

/**
 * Makes a log at an address, in a schema that does not exist, or has an empty log. Everything happens in one transaction,
 * so there is a complete log or none, whatever ends the program.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the schema holds a log), `TIDINGS_LOG_LOCKED` (agents have that open),
 *   `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_FAILED` (the server can't be reached, or can't hold the log)
 */
export async function makePostgres<T>(address: string, facts: LogFacts, fill: Fill<T>): Promise<T> {
  return inTransaction(address, 'BEGIN', async (connection, schema) => {
    await makeTables(connection, schema)
    const { id, identity, first, last } = facts
    const update = `UPDATE "${schema}".head SET id = $1, identity = $2, first = $3, seq = $4`
    await connection.ask(update, [id, identity, first, last])
    await connection.ask(`SELECT "${schema}".make_room_1($1)`, [last])
    const tables = new Tables(connection, schema, identity)
    const target: PortableTarget = {
      put: (kind, records) => tables.write(kind, records),
      records: (kind) => tables.read(kind),
    }
    const filled = await fill(target)
    await tables.count()
    await connection.ask('COMMIT')
    return filled
  })
}

// The transaction ends with the connection: what was not committed, the server takes back.
async function inTransaction<T>(
  address: string,
  begin: string,
  act: (connection: Connection, schema: string) => Promise<T>,
): Promise<T> {
  const schema = schemaName(address)
  const connection = await connectTo(address, () => undefined, PATIENCE)
  try {
    await connection.ask(begin)
    // A large log takes its time, and may be idle here while the other store is verified.
    await connection.ask('SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
    return await act(connection, schema)
  } finally {
    await connection.close()
  }
}

// Under the lock under which an agent that starts makes a log.
async function makeTables(connection: Connection, schema: string): Promise<void> {
  await checkServer(connection)
  await lockBase(connection, schema)
  const isNew = !(await exists(connection, schema, 'head'))
  await makeLogWithin(connection, schema)
  if (isNew) return
  await refuseFilled(connection, schema)
  // Agents that start wait for the end of the transaction.
  await connection.ask(`SET LOCAL lock_timeout = ${MOST_WAIT}`)
  await connection.ask(`LOCK TABLE "${schema}".head IN ACCESS EXCLUSIVE MODE`).catch((cause: unknown) => {
    if (stateOf(cause) !== LOCKED) throw cause
    const words = `the log in the schema "${schema}" is in use: by another session, or as the original of this copy`
    throw new TidingsError('TIDINGS_LOG_LOCKED', words, { cause, details: { schema } })
  })
  await connection.ask('SET LOCAL lock_timeout = 0')
  await refuseFilled(connection, schema)
}

async function refuseFilled(connection: Connection, schema: string): Promise<void> {
  await checkLog(connection, schema)
  await refuseInUse(connection, schema)
  const filled = FILLED.map((table) => `EXISTS (SELECT 1 FROM "${schema}".${table})`).join(' OR ')
  const [[seq, isFilled] = []] = await connection.ask(`SELECT seq, ${filled} FROM "${schema}".head`)
  if (seq === '0' && isFilled === false) return
  const words = `the schema "${schema}" has a log already, up to event ${seq}: choose another one, or drop it`
  throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { schema } })
}

async function refuseInUse(connection: Connection, schema: string): Promise<void> {
  const text = `SELECT count(*)::int FROM "${schema}".agent WHERE until > clock_timestamp()`
  const [[agents] = []] = await connection.ask(text)
  if (agents === 0) return
  const words = `agents have the log in the schema "${schema}" open (${agents}): stop them first`
  throw new TidingsError('TIDINGS_LOG_LOCKED', words, { details: { schema } })
}

/** The records in the tables of a log, within a transaction. */
class Tables {
  readonly #connection: Connection
  readonly #name: (own: string) => string
  readonly #identity: LogFacts['identity']

  constructor(connection: Connection, schema: string, identity: LogFacts['identity']) {
    this.#connection = connection
    this.#name = (own) => `"${schema}".${own}`
    this.#identity = identity
  }

  async *read<K extends PortableKind>(kind: K): AsyncGenerator<readonly PortableRecords[K][]> {
    const { select, read } = forms[kind]
    await this.#connection.ask(`DECLARE records NO SCROLL CURSOR FOR ${select(this.#name, this.#identity)}`)
    for (;;) {
      const rows = await this.#connection.ask(`FETCH ${PAGE} FROM records`)
      if (rows.length === 0) break
      yield rows.map(read)
    }
    await this.#connection.ask('CLOSE records')
  }

  async write<K extends PortableKind>(kind: K, records: readonly PortableRecords[K][]): Promise<void> {
    const { insert, write } = forms[kind]
    let rows: Row[] = []
    let size = 0
    const send = async (): Promise<void> => {
      if (rows.length === 0) return
      const columns = (rows[0] as Row).map((_, i) => rows.map((row) => row[i]))
      await this.#connection.ask(insert(this.#name, this.#identity), columns).catch((error: Error) => {
        const words = `the ${kind} records can't be stored: ${error.message}`
        throw new TidingsError('TIDINGS_LOG_FAILED', words, { cause: error })
      })
      rows = []
      size = 0
    }
    for (const record of records) {
      const row = write(record)
      if (row === undefined) continue
      rows.push(row)
      for (const value of row) size += typeof value === 'string' ? value.length : 8
      if (rows.length >= PAGE || size >= MOST_TEXT) await send()
    }
    await send()
  }

  /** Counts the events of each type. */
  async count(): Promise<void> {
    const event = this.#name('event')
    await this.#connection.ask(
      `INSERT INTO ${this.#name('type_count')} (type, count, last, at)
        SELECT c.type, c.count, c.last, e.created
          FROM (SELECT type, count(*) AS count, max(seq) AS last FROM ${event} GROUP BY type) c JOIN ${event} e ON e.seq = c.last`,
    )
  }
}
