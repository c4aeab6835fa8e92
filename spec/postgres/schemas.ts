import pg from 'pg'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'

/** A connection to a server, for specs. */
export interface Asking {
  ask(text: string, values?: readonly unknown[]): Promise<unknown[][]>
  end(): Promise<void>
}

/** Connects to a server. */
export async function asking(address: string): Promise<Asking> {
  const client = new pg.Client({ connectionString: address })
  await client.connect()
  return {
    ask: async (text, values = []) =>
      (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows,
    end: () => client.end(),
  }
}

/** Asks a server something once. */
export async function ask(address: string, text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
  const connection = await asking(address)
  try {
    return await connection.ask(text, values)
  } finally {
    await connection.end()
  }
}

/** Removes all that a log holds: it is then as it was made, with another id and the partitions that it has. */
export async function empty({ ask }: Asking, schema: string): Promise<void> {
  const tables = await ask(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ('part', 'step')`,
    [schema],
  )
  const statements = tables.map(([table]) => `DELETE FROM "${schema}"."${String(table)}";`)
  await ask(`${statements.join(' ')} INSERT INTO "${schema}".head (identity) VALUES ('type')`)
}

/** Removes a log. */
export async function drop(address: string, schema: string): Promise<void> {
  await ask(address, `DROP SCHEMA "${schema}" CASCADE`)
}

/** Ends a log as a crash of its agent would, and lets its lease run out. */
export async function cut(address: string, schema: string, log: PostgresLog): Promise<void> {
  log.abandon()
  await ask(address, `DELETE FROM "${schema}".agent WHERE id = $1`, [log.agent])
}
