import { TidingsError } from '../core/errors.ts'
import { connectTo } from './connect.ts'
import type { Connection } from './connection.ts'
import { checkServer, foreignTables } from './gate.ts'
import { schemaName } from './schema-name.ts'
import { functions, holdFunctions, partFunctionsIn } from './sql/functions.ts'
import { firstHistory, historyFunctions, historyTables } from './sql/history.ts'
import { partTable } from './sql/partitions.ts'
import { roleNames, roles } from './sql/roles.ts'
import { shareFunctions } from './sql/shares.ts'
import { holdTable, shareTable, stepTable, tables } from './sql/tables.ts'
import { explained, insertStep, isMade, makeStep, stateOf } from './steps.ts'

/** What makes an event of a log the same. */
type Identity = 'type' | 'identifier'

/** The server's state for a table, and for a function, that is there already. */
const THERE_ALREADY: ReadonlySet<unknown> = new Set(['42P07', '42723'])

/** What makes the first log of a schema, in order: each part adds the table that names it, and what belongs to that. */
function base(schema: string, identity: Identity): ReadonlyMap<string, string> {
  const insert = `INSERT INTO head (identity) VALUES ('${identity}');`
  return new Map([
    ['head', `CREATE SCHEMA IF NOT EXISTS "${schema}"; ${within(schema)} ${tables} ${insert} ${functions(schema)}`],
    ['hold', `${within(schema)} ${holdTable} ${holdFunctions(schema)}`],
    ['step', `${within(schema)} ${stepTable}`],
  ])
}

/** What was added since, in order, by name: see `makeStep` for the rules. None is ever changed or removed. */
function steps(schema: string): ReadonlyMap<string, string> {
  return new Map([
    ['partitions', `${partTable} ${partFunctionsIn(schema)}`],
    ['share', `${shareTable} ${shareFunctions(schema)}`],
    ['history', `${historyTables} ${historyFunctions(schema)} ${firstHistory}`],
  ])
}

/** The functions that this version calls: those that its steps make, and no later one removes. */
export function neededFunctions(): readonly string[] {
  const texts = [...base('', 'type').values(), ...steps('').values()].join('\n')
  const named = (words: RegExp): string[] => [...texts.matchAll(words)].map(([, name]) => name as string)
  const removed = new Set(named(/DROP FUNCTION (\w+)/g))
  return named(/CREATE (?:OR REPLACE )?FUNCTION (\w+)/g).filter((name) => !removed.has(name))
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

const within = (schema: string): string => `SET LOCAL search_path = "${schema}", pg_temp;`

/** Makes a log, or what it lacks, each in one transaction. Of two agents that start together, one does. */
export async function makeLog(connection: Connection, schema: string, identity: Identity): Promise<void> {
  for (const [table, text] of base(schema, identity)) {
    if (await exists(connection, schema, table)) continue
    await connection.ask('BEGIN')
    await lockBase(connection, schema)
    if (!(await exists(connection, schema, table)))
      await connection.ask(text).catch((error: unknown) => {
        if (THERE_ALREADY.has(stateOf(error))) throw foreignTables(schema, error)
        throw table === 'head' ? error : explained(error, schema, table)
      })
    await connection.ask('COMMIT')
  }
  const host = { connection, schema }
  for (const [name, text] of steps(schema)) if (!(await isMade(host, name))) await makeStep(host, name, text)
}

/** Makes a log, or what it lacks, within the transaction of the caller. */
export async function makeLogWithin(connection: Connection, schema: string): Promise<void> {
  for (const [table, text] of base(schema, 'type'))
    if (!(await exists(connection, schema, table))) await connection.ask(text)
  await connection.ask(within(schema))
  for (const [name, text] of steps(schema))
    if (!(await isMade({ connection, schema }, name))) await connection.ask(`${insertStep(name)} ${text}`)
}

/** Waits for others who make the log, until the transaction ends. */
export async function lockBase(connection: Connection, schema: string): Promise<void> {
  await connection.ask(`SELECT pg_advisory_xact_lock(hashtext('tidings'), hashtext($1))`, [schema])
}

/** Whether a log has a table. It asks the catalog: `to_regclass` may remember that there was no such schema. */
export async function exists(connection: Connection, schema: string, table: string): Promise<boolean> {
  const text = `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2`
  return (await connection.ask(text, [schema, table])).length > 0
}

/** A log that was made, and the roles that may use it: the first runs agents, the second reads. */
export interface MadeLog {
  readonly schema: string
  readonly roles: readonly [agent: string, reader: string]
}

/**
 * Makes the log at an address, and the roles that may use it.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the schema), `TIDINGS_LOG_FAILED` (the server can't be reached, or this role
 *   may not make schemas and roles)
 */
export async function initPostgres(address: string): Promise<MadeLog> {
  const schema = schemaName(address)
  const connection = await connectTo(address, () => undefined)
  try {
    await checkServer(connection)
    await makeLog(connection, schema, 'type')
    await connection.ask(roles(schema))
    return { schema, roles: roleNames(schema) }
  } finally {
    await connection.close()
  }
}

/** The statements that `initPostgres` makes, for a person who may: to be read, and run once. */
export function initSql(address: string): string {
  const schema = schemaName(address)
  const made = [...steps(schema)].flatMap(([name, text]) => [insertStep(name), text])
  return ['BEGIN;', ...base(schema, 'type').values(), ...made, roles(schema), 'COMMIT;', ''].join('\n')
}
