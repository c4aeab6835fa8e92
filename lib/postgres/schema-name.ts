import { describe, TidingsError } from '../core/errors.ts'

/** The names that a schema may have: they are part of statements. */
const SCHEMA = /^[a-z_][a-z\d_]{0,62}$/

/**
 * Returns the schema of the log at an address: the one that is asked for, else that of the address
 * (`postgres://…?schema=home`), else `tidings`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid name, and when the two differ
 */
export function schemaName(address: string, asked?: string): string {
  const [, query = ''] = /\?([^#]*)/.exec(address) ?? []
  const named = new URLSearchParams(query).get('schema') ?? undefined
  const schema = asked ?? named ?? 'tidings'
  if (!SCHEMA.test(schema))
    throw new TidingsError('TIDINGS_LOG_INVALID', `a schema is a name of a-z, 0-9 and _, got ${describe(schema)}`)
  if (named === undefined || named === schema) return schema
  const words = `the address names the schema ${describe(named)}, the options ${describe(schema)}: leave one out`
  throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path: 'schema' } })
}
