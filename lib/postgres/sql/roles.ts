/**
 * The roles of a log, without a login: grant them to those that log in.
 *
 * | role | may |
 * |---|---|
 * | `<schema>_agent` | run agents and commands: read, write and call everything, and make or drop nothing |
 * | `<schema>_reader` | read the tables, for dashboards |
 */
export function roles(schema: string): string {
  const [agent, reader] = [`"${schema}_agent"`, `"${schema}_reader"`]
  const made = [agent, reader].map(
    (role) => `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
  )
  return [...made, grants(schema)].join('\n')
}

/** What the roles may, of everything that the log has by now. */
export function grants(schema: string): string {
  const [agent, reader] = [`"${schema}_agent"`, `"${schema}_reader"`]
  return [
    `GRANT USAGE ON SCHEMA "${schema}" TO ${agent}, ${reader};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO ${agent}, ${reader};`,
    `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO ${agent};`,
    `REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA "${schema}" FROM PUBLIC;`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "${schema}" TO ${agent};`,
  ].join('\n')
}
