/**
 * Every code that an error of the engine can carry, with what it means. Codes are stable; messages are not.
 * docs/errors.md explains each to a person; a spec keeps the two alike.
 */
export const codes = {
  TIDINGS_AGENT_INVALID: 'an agent, or one of its parts, is not what it should be, or two parts share a name',
  TIDINGS_CANCELLED: 'a run asked for its job to run no more',
  TIDINGS_DATA_INVALID: 'event data, or state, is not JSON',
  TIDINGS_DATA_TOO_LARGE: 'event data is larger than the log allows',
  TIDINGS_DURATION_INVALID: 'a duration is neither milliseconds nor words like 5s and 1h30m',
  TIDINGS_EVENT_OUTDATED: 'a stored event no longer fits the schema of its type',
  TIDINGS_EXEC_FAILED: 'a program could not be started, or ended with a failure',
  TIDINGS_IDENTIFIER_INVALID: 'an identifier is not a well-formed, non-empty string within its limit',
  TIDINGS_IMPORT_INVALID: 'a line of what is imported is no event',
  TIDINGS_JOB_INVALID: 'a job is defined with a wrong name, schedule, function or option',
  TIDINGS_JOB_RESULT: 'a run returned something that is not drafts',
  TIDINGS_LISTENER_CRASHED: 'the process died again and again over this event',
  TIDINGS_LISTENER_INVALID: 'a listener is defined with a wrong name, source, handler or option',
  TIDINGS_LISTENER_TIMEOUT: 'a delivery took longer than its timeout',
  TIDINGS_LOG_CLOSED: 'the log is closed',
  TIDINGS_LOG_DAMAGED: 'the log on disk is not what was written',
  TIDINGS_LOG_FAILED: 'a write failed: not acknowledged, though it may be stored; ask again',
  TIDINGS_LOG_FORMAT: 'the log was written by a newer version',
  TIDINGS_LOG_IDENTITY: 'the log was created with another rule of identity',
  TIDINGS_LOG_INVALID: 'an option or a question to the log is wrong',
  TIDINGS_LOG_LOCKED: 'the log is in use, by another process or by this one',
  TIDINGS_LOOP: 'an event has too many causes behind it',
  TIDINGS_PARKED: 'a handler asked for its event to be set aside',
  TIDINGS_RETRY: 'a run or a handler asked to be tried again later',
  TIDINGS_RUN_ENDED: 'a publish came after its run or delivery had ended',
  TIDINGS_RUN_TIMEOUT: 'a run took longer than its timeout',
  TIDINGS_SCHEDULE_INVALID: 'a schedule can not be what it says',
  TIDINGS_SCHEMA_ASYNC: 'a schema answered with a promise',
  TIDINGS_SCHEMA_FAILED: 'data does not fit the schema of its event type',
  TIDINGS_SECRET_MISSING: 'a secret is in none of the places where it is looked for',
  TIDINGS_SOURCE_INVALID: 'what a listener listens on is neither an event type, a name nor a match',
  TIDINGS_STATE_CONFLICT: 'a value changed since it was read',
  TIDINGS_STREAM_INVALID: 'a stream is defined wrongly, or its options do not fit',
  TIDINGS_TYPE_INVALID: 'an event type is not a well-formed, non-empty string within its limit',
} as const

/** A stable error code, such as `TIDINGS_DATA_INVALID`. */
export type ErrorCode = keyof typeof codes

/** What an error says beside its words: plain values that name the culprit. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * An error of the engine. `code` is stable and is what a program should look at; `details` names the culprit
 * (such as `type`, `identifier` and `path`).
 *
 * @example
 * ```ts
 * import { TidingsError } from 'tidings'
 *
 * const error = new TidingsError('TIDINGS_LOG_CLOSED', 'the log is closed')
 * console.log(error.code)
 * ```
 */
export class TidingsError extends Error {
  override readonly name: string = 'TidingsError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    this.details = options.details ?? {}
  }
}

/** Whether `error` is one of the engine's, with this code. Works across two copies of the package. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === code
}

/** Whatever was thrown, as an Error whose words can be read. */
export function asError(thrown: unknown): Error {
  try {
    if (isReadable(thrown)) return thrown
    const { message } = Object(thrown) as { readonly message?: unknown }
    return new Error(typeof message === 'string' ? message : describe(thrown), { cause: thrown })
  } catch {
    // A revoked proxy, a message that is a getter and throws: whoever tells of it would fail likewise.
    return new Error(describe(thrown))
  }
}

function isReadable(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false
  const read = ['name', 'message', 'stack', 'code'].map((key): unknown => Reflect.get(thrown, key))
  return read.slice(0, 2).every((text) => typeof text === 'string')
}

/** A value in a few words, for "expected …, got …": never throws, never long, no control characters. */
export function describe(value: unknown): string {
  try {
    return describeAny(value)
  } catch {
    // A revoked proxy, a class whose static `name` is a getter that throws: no reason to fail twice.
    return typeof value === 'function' ? 'a function' : 'an object'
  }
}

function describeAny(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'bigint':
      return shorten(`${value}n`)
    case 'symbol':
      return 'a symbol'
    case 'function':
      return isName(value.name) ? `the function ${value.name}` : 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

function describeObject(value: object): string {
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`
  const name: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor?.name
  return isName(name) && name !== 'Object' ? `a ${name}` : 'an object'
}

/** Whether a function's name can stand in a message as it is: most are identifiers, but any text is possible. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[\w$. #]{1,60}$/.test(name)
}

/** Those that JSON lets pass, and that a terminal obeys: C1 controls, line separators, changes of direction. */
const CONTROLS = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** A string between quotes, shortened to 60 characters, control characters escaped (they could forge log lines). */
export function quote(text: string): string {
  return JSON.stringify(shorten(text)).replace(CONTROLS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
