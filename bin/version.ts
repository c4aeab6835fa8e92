import { createRequire } from 'node:module'

/** The version of this package. */
export function version(): string {
  // By its own name: from the sources and from dist/ it is the same file.
  const { version: own } = createRequire(import.meta.url)('tidings/package.json') as { readonly version: string }
  return own
}
