/**
 * How an address begins that is not one of PostgreSQL, such as `postgrs://`; undefined for a folder. As a folder, it would
 * hold a log of its own, and its name the password.
 */
export function foreignScheme(place: string): string | undefined {
  const scheme = /^\s*([a-z][a-z\d+.-]+:\/+)/i.exec(place)?.[1]
  return scheme === undefined || /^postgres(ql)?:/i.test(scheme) ? undefined : scheme
}
