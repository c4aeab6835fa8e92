import { createRequire } from 'node:module'

/** The version of this package. It is resolved by name, which gives the same file from the sources and from `dist/`. */
export function packageVersion(): string {
  return (createRequire(import.meta.url)('tidings/package.json') as { readonly version: string }).version
}
