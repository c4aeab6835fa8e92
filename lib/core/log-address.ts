/** The address of a database of PostgreSQL. */
export type PostgresAddress = `postgres://${string}` | `postgresql://${string}`

/** Whether a log is in PostgreSQL, not in a directory: also by an address with a mistake, which may hold a password. */
export function isPostgres(place: string): place is PostgresAddress {
  return /^\s*postgres(ql)?:/i.test(place)
}

/**
 * The fault of an address that is not one of PostgreSQL, such as `postgrs://…`; undefined for a folder. As a folder,
 * it would hold a log of its own, and its name the password.
 */
export function foreignAddress(place: string): string | undefined {
  const scheme = /^\s*([a-z][a-z\d+.-]+:\/+)/i.exec(place)?.[1]
  if (scheme === undefined || isPostgres(scheme)) return undefined
  return `a log is in a folder, or at an address that begins with postgres://, got ${JSON.stringify(scheme)}`
}
