import { createHash } from 'node:crypto'

/**
 * The roles of a log, without a login: grant them to those that log in.
 *
 * | role | may |
 * |---|---|
 * | `<schema>_agent` | run agents and commands: read, write and call everything, and make or drop nothing |
 * | `<schema>_reader` | read the tables, for dashboards |
 */
export function roles(schema: string): string {
  const [agent, reader] = roleNames(schema).map((name) => `"${name}"`)
  const made = [agent, reader].map(
    (role) => `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
  )
  return [...made, grants(schema)].join('\n')
}

/** The longest name that PostgreSQL keeps whole, in bytes. Of a longer one, it drops the end in silence. */
const LONGEST = 63

/**
 * The names of the roles. Of a long schema, a part stands in them: else both would be cut to the same name, and who may read
 * might write. A hash of the whole keeps the roles of two long schemas apart.
 */
export function roleNames(schema: string): readonly [agent: string, reader: string] {
  const named = (part: string): [string, string] => [`${part}_agent`, `${part}_reader`]
  const names = named(schema)
  if (names.every((name) => name.length <= LONGEST)) return names
  const hash = createHash('sha256').update(schema).digest('hex').slice(0, 8)
  return named(`${schema.slice(0, LONGEST - `_${hash}_reader`.length)}_${hash}`)
}

/** What the roles may, of everything that the log has by now. */
export function grants(schema: string): string {
  const [agent, reader] = roleNames(schema).map((name) => `"${name}"`)
  return [
    `GRANT USAGE ON SCHEMA "${schema}" TO ${agent}, ${reader};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO ${agent}, ${reader};`,
    `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO ${agent};`,
    `REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA "${schema}" FROM PUBLIC;`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "${schema}" TO ${agent};`,
  ].join('\n')
}
