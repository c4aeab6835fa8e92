import { didYouMean } from './did-you-mean.ts'
import { describe, type ErrorCode, quote, TidingsError } from './errors.ts'

/**
 * Rejects options that are not an object, or that have an unknown property: most often it is misspelt, and its default
 * would apply silently.
 *
 * @param known names every option
 * @param of names the owner of the options in the error: `'of listener "print"'`
 * @throws TidingsError with this code
 */
export function checkOptions<O extends object>(
  given: O,
  known: { readonly [K in keyof Required<O>]: true },
  code: ErrorCode,
  of: string,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TidingsError(code, `the options ${of} must be an object, got ${describe(given)}`)
  }
  const names = Object.keys(known)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || names.includes(name)) continue
    const words = didYouMean(name, names) || `; there are ${names.join(', ')}`
    throw new TidingsError(code, `the options ${of} have no ${quote(name)}${words}`, { details: { path: name } })
  }
}
