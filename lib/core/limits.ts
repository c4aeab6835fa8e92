import { describe, type ErrorCode, type ErrorDetails, quote, TidingsError } from './errors.ts'

/** The size limits of a log, in bytes of UTF-8; each from 1. */
export interface Limits {
  /** The longest event type, in bytes; default 256. */
  readonly type: number
  /** The longest identifier or version, in bytes; default 1024 (1 KiB). */
  readonly identifier: number
  /** The largest data as JSON text, in bytes; default 262144 (256 KiB). */
  readonly data: number
}

export const defaultLimits: Limits = { type: 256, identifier: 1024, data: 256 * 1024 }

/** The longest name of a job or listener, in bytes of UTF-8. */
const LONGEST_NAME = 256

/**
 * Validates limits and fills in the defaults.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for a limit that is not a number of bytes
 */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  if (typeof given !== 'object' || given === null)
    throw new TidingsError('TIDINGS_LOG_INVALID', `limits are an object of bytes, got ${describe(given)}`)
  for (const [name, bytes] of Object.entries(given)) {
    if (!(name in defaultLimits) || (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0))) {
      const words = `limits are bytes of type, identifier and data, from 1; got ${describe(bytes)} as ${quote(name)}`
      throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path: `limits.${name}` } })
    }
  }
  const { type = defaultLimits.type, identifier = defaultLimits.identifier, data = defaultLimits.data } = given
  return { type, identifier, data }
}

/** Rejects anything but a well-formed string of 1 to 256 bytes. */
export function checkName(name: unknown, code: ErrorCode, what: string): string {
  return checkText(name, LONGEST_NAME, code, what)
}

/** Rejects anything but a well-formed string of 1 to `most` bytes; `most` may be infinite. */
export function checkText(
  value: unknown,
  most: number,
  code: ErrorCode,
  what: string,
  details: ErrorDetails = {},
): string {
  const problem = textProblem(value, most)
  if (problem === undefined) return value as string
  const size = Number.isFinite(most) ? `of 1 to ${most} bytes` : 'that is not empty'
  throw new TidingsError(code, `${what} must be a string ${size}, got ${problem}`, { details })
}

/** Why a value is not a well-formed string of 1 to `most` bytes; undefined if it is one. */
export function textProblem(value: unknown, most: number): string | undefined {
  if (typeof value === 'number') return `the number ${value}: wrap it in String()`
  if (typeof value !== 'string' || value === '') return describe(value)
  // A UTF-16 unit takes at most three bytes of UTF-8, so most strings need no count.
  if (value.length * 3 > most && Buffer.byteLength(value) > most) return `${Buffer.byteLength(value)} bytes`
  return value.isWellFormed() ? undefined : `${quote(value)}, which has half a surrogate pair`
}
