import { describe, TidingsError } from '../core/errors.ts'

/** The names that a schema may have: they are part of statements. */
const SCHEMA = /^[a-z_][a-z\d_]{0,62}$/

/**
 * Returns the schema of the log at an address: the one that is asked for, else that of the address
 * (`postgres://…?schema=home`), else `tidings`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid name, when the two differ, and for what only resembles an
 *   address, such as `POSTGRES://…`
 */
export function schemaName(address: string, asked?: string): string {
  // It is not repeated: it may hold a password.
  if (!/^postgres(ql)?:\/\//.test(address))
    throw new TidingsError('TIDINGS_LOG_INVALID', 'the address of a log in PostgreSQL begins with postgres://')
  const [, query = ''] = /\?([^#]*)/.exec(address) ?? []
  const named = new URLSearchParams(query).get('schema') ?? undefined
  const schema = asked ?? named ?? 'tidings'
  if (!SCHEMA.test(schema))
    throw new TidingsError('TIDINGS_LOG_INVALID', `a schema is a name of a-z, 0-9 and _, got ${describe(schema)}`)
  if (named === undefined || named === schema) return schema
  const words = `the address names the schema ${describe(named)}, the options ${describe(schema)}: leave one out`
  throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path: 'schema' } })
}
