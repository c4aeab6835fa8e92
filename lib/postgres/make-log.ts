import { Connection } from './connection.ts'
import { schemaName } from './schema-name.ts'
import { functions, holdFunctions } from './sql/functions.ts'
import { roles } from './sql/roles.ts'
import { holdTable, tables } from './sql/tables.ts'

/** What makes an event of a log the same. */
type Identity = 'type' | 'identifier'

/** What makes a log, in order: each step adds the table that names it, and what belongs to that. */
function steps(schema: string, identity: Identity): ReadonlyMap<string, string> {
  const insert = `INSERT INTO head (identity) VALUES ('${identity}');`
  return new Map([
    ['head', `CREATE SCHEMA IF NOT EXISTS "${schema}"; ${within(schema)} ${tables} ${insert} ${functions(schema)}`],
    ['hold', `${within(schema)} ${holdTable} ${holdFunctions(schema)}`],
  ])
}

const within = (schema: string): string => `SET LOCAL search_path = "${schema}", pg_temp;`

/** Makes a log, or what it lacks: each step in one transaction, under a lock. Of two agents that start together, one does. */
export async function makeLog(connection: Connection, schema: string, identity: Identity): Promise<void> {
  // Asks the tables of the catalog: `to_regclass` may remember, within a transaction, that there was no such schema.
  const exists = async (table: string): Promise<boolean> => {
    const text = `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2`
    return (await connection.ask(text, [schema, table])).length > 0
  }
  for (const [table, text] of steps(schema, identity)) {
    if (await exists(table)) continue
    await connection.ask('BEGIN')
    await connection.ask(`SELECT pg_advisory_xact_lock(hashtext('tidings'), hashtext($1))`, [schema])
    if (!(await exists(table))) await connection.ask(text)
    await connection.ask('COMMIT')
  }
}

/**
 * Makes the log at an address, and the roles that may use it.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the schema), `TIDINGS_LOG_FAILED` (the server can't be reached, or this role
 *   may not make schemas and roles)
 */
export async function initPostgres(address: string): Promise<string> {
  const schema = schemaName(address)
  const connection = await Connection.open({ connectionString: address }, () => undefined)
  try {
    await makeLog(connection, schema, 'type')
    await connection.ask(roles(schema))
    return schema
  } finally {
    await connection.close()
  }
}

/** The statements that `initPostgres` makes, for a person who may: to be read, and run once. */
export function initSql(address: string): string {
  const schema = schemaName(address)
  return ['BEGIN;', ...steps(schema, 'type').values(), roles(schema), 'COMMIT;', ''].join('\n')
}
