/**
 * Every code that an error of the engine can have, and its meaning. Codes are stable; messages are not. docs/errors.md
 * explains each code; a spec checks that it lists them all.
 */
export const codes = {
  TIDINGS_AGENT_INVALID: 'an agent or one of its parts is invalid, or two parts share a name',
  TIDINGS_CANCELLED: 'a run cancelled its job',
  TIDINGS_CLOCK_STILL: 'something waits for a virtual clock that stands still',
  TIDINGS_DATA_INVALID: 'event data or state is not JSON',
  TIDINGS_DATA_TOO_LARGE: 'event data is larger than the log allows',
  TIDINGS_DURATION_INVALID: 'a duration is neither milliseconds nor text such as 5s and 1h30m',
  TIDINGS_EVENT_OUTDATED: 'a stored event no longer fits the schema of its type',
  TIDINGS_EXEC_FAILED: 'a program could not be started, or ended with a failure',
  TIDINGS_FILE_FAILED: 'a handler could not write its file',
  TIDINGS_FIXTURE_INVALID: 'a file is not a fixture, or an exchange is too large for one',
  TIDINGS_FIXTURE_MISSING: 'a fixture has no answer to what was asked',
  TIDINGS_FLOOD_TOO_LARGE: 'more drafts of a job would be held than the log keeps',
  TIDINGS_HTTP_BLOCKED: 'a stream was redirected to an address that it may not ask',
  TIDINGS_HTTP_FAILED: 'a service did not answer, or answered with a failure',
  TIDINGS_IDENTIFIER_INVALID: 'an identifier is not a well-formed, non-empty string within its limit',
  TIDINGS_IMPORT_INVALID: 'a line to import is not an event',
  TIDINGS_JOB_INVALID: 'a job is defined with an invalid name, schedule, function or option',
  TIDINGS_JOB_RESULT: 'a run returned something that is not drafts',
  TIDINGS_LISTEN_FAILED: 'a stream, or the page, could not open its port',
  TIDINGS_LISTENER_CRASHED: 'the process died repeatedly while it handled this event',
  TIDINGS_LISTENER_INVALID: 'a listener is defined with an invalid name, source, handler or option',
  TIDINGS_LISTENER_TIMEOUT: 'a delivery took longer than its timeout',
  TIDINGS_LOG_CLOSED: 'the log is closed',
  TIDINGS_LOG_DAMAGED: 'the log on disk differs from what was written',
  TIDINGS_LOG_FAILED: 'a write failed: it is not acknowledged, but may be stored; try again',
  TIDINGS_LOG_FORMAT: 'the log does not fit to this version: a newer one has changed it, or this one may not',
  TIDINGS_LOG_IDENTITY: 'the log was created with another identity rule',
  TIDINGS_LOG_INVALID: 'an option of the log, or a query, is invalid',
  TIDINGS_LOG_LOCKED: 'the log is in use by another process or by this one',
  TIDINGS_LOOP: 'an event has too many causes behind it',
  TIDINGS_MAIL_FAILED: 'a mail server did not answer, or refused the login or a command',
  TIDINGS_PACKAGE_MISSING: 'a stream or handler needs a package that is not installed',
  TIDINGS_PAGE_INVALID: 'an option of the page is invalid, or would open it to others by accident',
  TIDINGS_PARKED: 'a handler parked its event',
  TIDINGS_RELOAD_FAILED: 'the code of an agent could not be loaded again, or its parts could not begin',
  TIDINGS_RESPONSE_INVALID: 'the answer of a service is not what its protocol says',
  TIDINGS_RESPONSE_TOO_LARGE: 'the answer of a service is larger than the limit',
  TIDINGS_RETRY: 'a run or a handler asked to be tried again later',
  TIDINGS_RUN_ABORTED: 'a person aborted a run',
  TIDINGS_RUN_ENDED: 'a publish came after its run or delivery had ended',
  TIDINGS_RUN_TIMEOUT: 'a run took longer than its timeout',
  TIDINGS_SCHEDULE_INVALID: 'a schedule is impossible',
  TIDINGS_SCHEMA_ASYNC: 'a schema returned a promise',
  TIDINGS_SCHEMA_FAILED: 'data does not fit the schema of its event type',
  TIDINGS_SECRET_MISSING: 'a secret was not found in any of its places',
  TIDINGS_SOURCE_INVALID: 'a listener listens on something other than event types, names or a match',
  TIDINGS_STATE_CONFLICT: 'a value changed since it was read',
  TIDINGS_STREAM_INVALID: 'a stream is defined with an invalid part, or its options are invalid',
  TIDINGS_TYPE_INVALID: 'an event type is not a well-formed, non-empty string within its limit',
  TIDINGS_WORLD_MISSING: 'a simulation was asked for something that its world does not have',
} as const

/** A stable error code, such as `TIDINGS_DATA_INVALID`. */
export type ErrorCode = keyof typeof codes

/** The details of an error: plain values that name the culprit, such as `type`, `identifier` and `path`. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * An error of the engine. Programs should check its `code`, which is stable; the message is for people and may change.
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
  /** `TidingsError`, or the name of a subclass: `Retry`, `Park`, `Cancel`. */
  override readonly name: string = 'TidingsError'
  /** What went wrong; docs/errors.md lists all codes. */
  readonly code: ErrorCode
  /** Names the culprit: `type`, `identifier`, `path`, `seq` …; empty if there is nothing to name. */
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      /** The underlying error. */
      cause?: unknown
      /** Names the culprit; default empty. */
      details?: ErrorDetails
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    this.details = options.details ?? {}
  }
}

/** Whether an error has this code; also if another copy of the package threw it. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === code
}

/** Converts whatever was thrown to an Error whose name and message can be read. */
export function asError(thrown: unknown): Error {
  try {
    if (isReadable(thrown)) return thrown
    const { message } = Object(thrown) as { readonly message?: unknown }
    return new Error(typeof message === 'string' ? message : describe(thrown), { cause: thrown })
  } catch {
    // A revoked proxy, or a message whose getter throws: reporting it would throw again.
    return new Error(describe(thrown))
  }
}

function isReadable(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false
  const read = ['name', 'message', 'stack', 'code'].map((key): unknown => Reflect.get(thrown, key))
  return read.slice(0, 2).every((text) => typeof text === 'string')
}

/** Describes a value in a few words, for "expected …, got …": never throws, never long, without control characters. */
export function describe(value: unknown): string {
  try {
    return describeAny(value)
  } catch {
    // A revoked proxy, or a class whose static `name` is a getter that throws.
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

/** Whether a function's name may appear in a message: most are identifiers, but any text is possible. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[\w$. #]{1,60}$/.test(name)
}

/** Characters that JSON leaves alone and a terminal obeys: C1 controls, line separators, changes of direction. */
const CONTROLS = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Quotes a text, shortened to 60 characters, with control characters escaped: they could forge log lines. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text)).replace(CONTROLS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
