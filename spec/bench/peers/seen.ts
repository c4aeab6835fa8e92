import pg from 'pg'
import type { Draft } from '../../../lib/index.ts'

/** Makes the table of identities for a peer that forgets the jobs that are done. */
export async function withSeen(address: string): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: address, max: 16 })
  await pool.query('CREATE TABLE seen (type text, identifier text, PRIMARY KEY (type, identifier))')
  return pool
}

/** The types and the identifiers of drafts. */
export function identities(drafts: readonly Draft[]): readonly [readonly string[], readonly string[]] {
  return [drafts.map(({ type }) => type), drafts.map(({ identifier }) => identifier)]
}
