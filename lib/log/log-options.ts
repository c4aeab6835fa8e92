import { describe, TidingsError } from '../core/errors.ts'
import { escape } from '../core/escape.ts'
import { guardLogCall } from '../core/logger.ts'

/**
 * Returns an option of a log that has few values.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for any other
 */
export function oneOf<O, K extends keyof O & string>(options: O, name: K, allowed: readonly O[K][]): O[K] {
  const value = options[name]
  if (value === undefined || allowed.includes(value)) return value
  const expected = allowed.map(describe).join(' or ')
  throw new TidingsError('TIDINGS_LOG_INVALID', `the log's ${name} must be ${expected}, got ${describe(value)}`, {
    details: { path: name },
  })
}

/** Returns what a log calls with its warnings; it never throws. Default: a line on standard error. */
export function warningsTo(warn?: (message: string) => void): (message: string) => void {
  return guardLogCall(warn ?? ((message: string) => void process.stderr.write(`tidings: ${escape(message)}\n`)))
}
