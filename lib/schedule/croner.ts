import { createRequire } from 'node:module'
import type * as Croner from 'croner'

let loaded: typeof Croner | undefined

/** The calendar library, loaded when first needed: intervals work without, and many programs have nothing else. */
export function croner(): typeof Croner {
  loaded ??= createRequire(import.meta.url)('croner') as typeof Croner
  return loaded
}
