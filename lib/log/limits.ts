import { ENGINE_TYPES, isEngineDraft } from '../core/engine-events.ts'
import { describe, type ErrorCode, type ErrorDetails, quote, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { named } from '../core/event-type.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import type { Recorded, Write } from './port.ts'

/** The size limits of a log, in bytes of UTF-8; each from 1. */
export interface Limits {
  /** The event type; default 256. */
  readonly type: number
  /** The identifier and the version; default 1024 (1 KiB). */
  readonly identifier: number
  /** The data as JSON text; default 262144 (256 KiB). */
  readonly data: number
}

export const defaultLimits: Limits = { type: 256, identifier: 1024, data: 256 * 1024 }

/**
 * Validates limits and fills in the defaults.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for one that is no number of bytes
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

/** Returns a write of state with its value validated and copied. */
export function checkWrite({ value, ...write }: Write): Write {
  return value === undefined ? write : { ...write, value: toJson(value) }
}

/** The identity of a draft, read once: a getter could return another value the next time. */
export interface Identified {
  readonly type: string
  readonly identifier: string
  readonly version: string | undefined
}

/** Rejects a draft whose type, identifier or version can't be part of an identity. Does not read its data. */
export function checkIdentity(draft: Draft, limits: Limits): Identified {
  if (typeof draft !== 'object' || draft === null) {
    throw new TidingsError(
      'TIDINGS_DATA_INVALID',
      `a draft must be an object with type, identifier and data, got ${describe(draft)}`,
    )
  }
  const { type, identifier, version } = draft
  const sound =
    textProblem(type, limits.type) === undefined &&
    textProblem(identifier, limits.identifier) === undefined &&
    (version === undefined || textProblem(version, limits.identifier) === undefined)
  // Most drafts are valid, so the texts of the errors are built only after this.
  if (sound && (!type.startsWith(ENGINE_TYPES) || isEngineDraft(draft))) return { type, identifier, version }
  const details = (path: string) => ({ type, identifier, path })
  checkText(type, limits.type, 'TIDINGS_TYPE_INVALID', 'the type of a draft', details('type'))
  const of = `of a draft of ${quote(type)}`
  if (type.startsWith(ENGINE_TYPES) && !isEngineDraft(draft)) {
    const words = `types that begin with ${ENGINE_TYPES} are the engine's own, got ${quote(type)}`
    throw new TidingsError('TIDINGS_TYPE_INVALID', words, { details: details('type') })
  }
  const code = 'TIDINGS_IDENTIFIER_INVALID'
  checkText(identifier, limits.identifier, code, `the identifier ${of}`, details('identifier'))
  if (version !== undefined) checkText(version, limits.identifier, code, `the version ${of}`, details('version'))
  return { type, identifier, version }
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

function textProblem(value: unknown, most: number): string | undefined {
  if (typeof value === 'number') return `the number ${value}: wrap it in String()`
  if (typeof value !== 'string' || value === '') return describe(value)
  // A UTF-16 unit takes at most three bytes of UTF-8, so most strings need no count.
  if (value.length * 3 > most && Buffer.byteLength(value) > most) return `${Buffer.byteLength(value)} bytes`
  return value.isWellFormed() ? undefined : `${quote(value)}, which has half a surrogate pair`
}

/** The furthest that a Date can be from the epoch, in ms. */
const FURTHEST = 8_640_000_000_000_000

/** Rejects an invalid `created` or `revision` of a recorded event. */
export function checkRecorded(recorded: Recorded | undefined): void {
  if (recorded === undefined) return
  const { created, revision } = recorded
  if (!Number.isSafeInteger(created) || Math.abs(created) > FURTHEST)
    throw notRecorded('created', 'ms since the epoch', created)
  if (revision === undefined || (Number.isSafeInteger(revision) && revision >= 1)) return
  throw notRecorded('revision', 'a whole number from 1 on', revision)
}

function notRecorded(path: keyof Recorded, expected: string, got: unknown): TidingsError {
  const words = `the ${path} of a recorded event must be ${expected}, got ${describe(got)}`
  return new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path } })
}

/** Returns the data of a draft as it is stored and told, with its JSON text. */
export function checkData(
  draft: Pick<Draft, 'data'>,
  { type, identifier }: Identified,
  limits: Limits,
): { readonly data: JsonValue; readonly json: string } {
  try {
    const data = toJson(draft.data)
    const json = JSON.stringify(data)
    const bytes = json.length * 3 > limits.data ? Buffer.byteLength(json) : json.length
    if (bytes > limits.data) {
      throw new TidingsError(
        'TIDINGS_DATA_TOO_LARGE',
        `the data is ${bytes} bytes of JSON, and at most ${limits.data} are taken`,
        {
          details: { path: '', bytes, limit: limits.data },
        },
      )
    }
    return { data, json }
  } catch (error) {
    throw named(error, type, identifier)
  }
}

/**
 * Returns a draft as the log would accept it: validated, with its data copied and frozen.
 *
 * @throws TidingsError as `Log.accept` does for an invalid draft
 */
export function checkDraft<D extends Draft>(draft: D, limits: Limits = defaultLimits): D {
  const { data } = checkData(draft, checkIdentity(draft, limits), limits)
  return { ...draft, data }
}
