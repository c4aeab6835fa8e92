import { createRequire } from 'node:module'

/** Says the version of this package, when that is all that is asked for; whether it was. */
export function saysVersion([word]: readonly string[]): boolean {
  const asked = word === '--version' || word === '-v'
  if (asked) process.stdout.write(`${version()}\n`)
  return asked
}

function version(): string {
  // By its own name: from the sources and from dist/ it is the same file.
  const { version: own } = createRequire(import.meta.url)('tidings/package.json') as { readonly version: string }
  return own
}
