import { ENGINE_PREFIX, isEngineDraft } from '../core/engine-types.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { errorOfDraft } from '../core/event-type.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import { checkText, defaultLimits, type Limits, textProblem } from '../core/limits.ts'
import type { Origin, Recorded, Write } from './port.ts'

/** The byte limit of a namespace or key, the same as of an identifier. */
const LONGEST_KEY = 1024

/**
 * Rejects an invalid namespace or key of state.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function checkStateKey({ namespace, key }: Pick<Write, 'namespace' | 'key'>): void {
  checkText(namespace, LONGEST_KEY, 'TIDINGS_LOG_INVALID', 'a namespace')
  checkText(key, LONGEST_KEY, 'TIDINGS_LOG_INVALID', `a key in ${quote(namespace)}`)
}

/**
 * Validates a write of state, and copies its value.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, `TIDINGS_DATA_INVALID`
 */
export function checkWrite({ value, ...write }: Write): Write {
  checkStateKey(write)
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
  if (sound && (!type.startsWith(ENGINE_PREFIX) || isEngineDraft(draft))) return { type, identifier, version }
  const details = (path: string) => ({ type, identifier, path })
  checkText(type, limits.type, 'TIDINGS_TYPE_INVALID', 'the type of a draft', details('type'))
  const of = `of a draft of ${quote(type)}`
  if (type.startsWith(ENGINE_PREFIX) && !isEngineDraft(draft)) {
    const words = `types that begin with ${ENGINE_PREFIX} are the engine's own, got ${quote(type)}`
    throw new TidingsError('TIDINGS_TYPE_INVALID', words, { details: details('type') })
  }
  const code = 'TIDINGS_IDENTIFIER_INVALID'
  checkText(identifier, limits.identifier, code, `the identifier ${of}`, details('identifier'))
  if (version !== undefined) checkText(version, limits.identifier, code, `the version ${of}`, details('version'))
  return { type, identifier, version }
}

/** The furthest that a Date can be from the epoch, in ms. */
const FURTHEST = 8_640_000_000_000_000

/**
 * Rejects an origin that could not be stored, or would damage an index of the log.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, naming the part that is wrong
 */
export function checkOrigin({ job, run, cause, told, traceparent, recorded }: Origin): void {
  if (cause !== undefined && !(Number.isSafeInteger(cause) && cause >= 1))
    throw notOfOrigin('cause', 'the seq of an event', cause)
  if (job !== undefined && typeof job !== 'string') throw notOfOrigin('job', 'a name', job)
  if (run !== undefined && typeof run !== 'string') throw notOfOrigin('run', 'a text', run)
  if (told !== undefined && typeof told !== 'boolean') throw notOfOrigin('told', 'true or false', told)
  if (traceparent !== undefined && typeof traceparent !== 'string')
    throw notOfOrigin('traceparent', 'a text', traceparent)
  checkRecorded(recorded)
}

function notOfOrigin(path: keyof Origin, expected: string, got: unknown): TidingsError {
  const words = `the ${path} of drafts must be ${expected}, got ${describe(got)}`
  return new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path } })
}

/** Rejects an invalid `created` or `revision` of a recorded event. */
function checkRecorded(recorded: Recorded | undefined): void {
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
        `the data is ${bytes} bytes of JSON, at most ${limits.data} are allowed`,
        {
          details: { path: '', bytes, limit: limits.data },
        },
      )
    }
    return { data, json }
  } catch (error) {
    throw errorOfDraft(error, type, identifier)
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

/**
 * Copies a draft for a later decision, because the caller may change it in the meantime. Invalid data throws only when the
 * copy is read, as the draft itself would: the data of a duplicate is never read.
 */
export function snapshotDraft(draft: Draft): Draft {
  if (typeof draft !== 'object' || draft === null || isEngineDraft(draft)) return draft
  try {
    const { type, identifier, version, transformed } = draft
    const copy: MutableDraft = { type, identifier, data: undefined }
    if (version !== undefined) copy.version = version
    if (transformed) copy.transformed = transformed
    copyData(draft, copy)
    return copy
  } catch {
    return draft
  }
}

type MutableDraft = { -readonly [K in keyof Draft]: Draft[K] }

function copyData(draft: Draft, copy: MutableDraft): void {
  try {
    copy.data = toJson(draft.data)
  } catch (error) {
    const get = (): never => {
      throw error
    }
    Object.defineProperty(copy, 'data', { get, enumerable: true })
  }
}
