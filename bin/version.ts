import { createRequire } from 'node:module'

/** Prints the version of this package if only that is asked for; returns whether it did. */
export function saysVersion([word]: readonly string[]): boolean {
  const asked = word === '--version' || word === '-v'
  if (asked) process.stdout.write(`${version()}\n`)
  return asked
}

function version(): string {
  // Resolved by package name, which gives the same file from the sources and from dist/.
  const { version: own } = createRequire(import.meta.url)('tidings/package.json') as { readonly version: string }
  return own
}
