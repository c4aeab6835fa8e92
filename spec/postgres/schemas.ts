import pg from 'pg'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'

/** Asks a server something. */
export async function ask(address: string, text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: address })
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
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
