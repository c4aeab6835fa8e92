import { crc32 } from 'node:zlib'
import { TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { freezeJson, type JsonValue } from '../../core/json.ts'
import type { EventRecord } from '../../log/consumer/consumer-store.ts'
import { KIND, kindOf, seqOf } from './keys.ts'

export type { EventRecord } from '../../log/consumer/consumer-store.ts'

/** The version of this format. A newer one is refused, an older one is read. */
export const FORMAT = 1

/** What the log is: written once, when it is made. */
export interface Meta {
  readonly format: number
  readonly id: string
  readonly identity: 'type' | 'identifier'
  readonly created: number
}

/**
 * In every commit: the highest seq in it, the highest one acknowledged when it was built (all up to there must be
 * found at open), and the lowest one whose body is kept; the newest and the oldest quiet commit that must be found.
 */
export type Head = readonly [seq: number, floor: number, first: number, quiet?: number, oldest?: number]

/**
 * The latest event of an identity: where it is, and for versioned types which version and revision it has. Where that
 * was told to nobody, also what was told last: its seq (0: nothing was) and version. What has no version counts as told.
 */
export type Identity = readonly [
  seq: number,
  version?: string | null,
  revision?: number,
  told?: number,
  toldVersion?: string | null,
]

/** The seq of an identity that was forgotten: it may be told again, and its events stay. */
export const FORGOTTEN = 0

/** The identity of an event that was just accepted; `known`: what it was before. */
export function identityOf(event: StoredEvent, told: boolean, known: Identity | undefined): Identity {
  const { seq, version, revision = 1 } = event
  if (version === undefined) return [seq]
  if (told) return [seq, version, revision]
  if (known === undefined || known[3] === 0) return [seq, version, revision, 0]
  const [toldSeq, toldVersion] = lastTold(known)
  return [seq, version, revision, toldSeq, toldVersion ?? null]
}

/** The event of an identity that was told last, and its version; if none was, the one that was stored last. */
export function lastTold(known: Identity): readonly [seq: number, version: string | null | undefined] {
  const [seq, version, , told = 0, toldVersion] = known
  return told === 0 ? [seq, version] : [told, toldVersion]
}

export interface StateRecord {
  readonly value: JsonValue
  readonly revision: number
}

/**
 * A slot that has come and is not settled.
 *
 * - `holder`, `until`: who claimed it, and until when; absent: it was put off, or given back
 * - `at`, `since`: when the next attempt is due, and when that was decided, in ms
 */
export interface OpenRecord {
  readonly slot: number
  /** The newest attempt at it; 0: none began. */
  readonly attempt: number
  readonly holder?: string
  readonly until?: number
  /** That attempt has ended. */
  readonly tried?: true
  readonly at?: number
  readonly since?: number
  /** It is not one of the schedule. */
  readonly aside?: true
}

/**
 * `done`: every slot up to here is settled, in ms, but for those that are `open`. `running`: the one open slot that a
 * record had before there was a set; it is only read.
 */
export interface ClaimRecord {
  readonly done?: number
  readonly open?: readonly OpenRecord[]
  readonly running?: OpenRecord
}

/** What became of an attempt, or of a slot that nobody ran; absent: nobody knows. */
export interface StoredOutcome {
  readonly outcome?: JsonValue
}

/** What an event record has beside type, identifier, time and data; absent parts take no room. */
interface Extras {
  readonly job?: string | undefined
  readonly run?: string | undefined
  readonly cause?: number | undefined
  readonly version?: string | undefined
  readonly revision?: number | undefined
  readonly transformed?: true | undefined
  readonly untold?: true | undefined
}

/**
 * The text of a record: 8 hex digits of a checksum over key and body, then the body. The key is part of it, so that a
 * sound record at the wrong place is noticed too.
 */
export function seal(key: string, body: string): string {
  return checksum(key, body) + body
}

/** The kinds whose keys end with the seq of an event that a person may look for. */
const NUMBERED: ReadonlySet<string> = new Set([KIND.event, KIND.type, KIND.retry, KIND.parked])

/**
 * The body of a record.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`, with `details` { key }
 */
export function unseal(key: string, text: string): string {
  const body = text.slice(8)
  if (text.length < 8 || checksum(key, body) !== text.slice(0, 8)) {
    throw new TidingsError('TIDINGS_LOG_DAMAGED', `the record at ${JSON.stringify(key)} is not what was written`, {
      details: { key, ...(NUMBERED.has(kindOf(key)) ? { seq: seqOf(key) } : {}) },
    })
  }
  return body
}

// Two digits for each byte: toString(16) of so large a number costs as much as the checksum.
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function checksum(key: string, body: string): string {
  const crc = crc32(key + body)
  const [a, b, c, d] = [crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255]
  return `${DIGITS[a]}${DIGITS[b]}${DIGITS[c]}${DIGITS[d]}`
}

/** A record as sealed JSON. */
export function encode<T>(key: string, record: T): string {
  return seal(key, JSON.stringify(record))
}

/** An identity as sealed JSON; most have no version. */
export function encodeIdentity(key: string, identity: Identity): string {
  return identity.length === 1 ? seal(key, `[${identity[0]}]`) : encode(key, identity)
}

/** A record from sealed JSON; undefined stays undefined. */
export function decode<T>(key: string, text: string): T
export function decode<T>(key: string, text: string | undefined): T | undefined
export function decode<T>(key: string, text: string | undefined): T | undefined {
  return text === undefined ? undefined : (JSON.parse(unseal(key, text)) as T)
}

/** An event record: `[type, identifier, created, data, extras?]`. `json` is the text of the data. */
export function encodeEvent(
  key: string,
  event: StoredEvent,
  json: string,
  run: string | undefined,
  told: boolean,
): string {
  const { job, cause, version, revision, transformed } = event
  const head = `${quoted(event.type)},${quoted(event.identifier)},${event.created},${json}`
  const plain = (job ?? run ?? cause ?? version ?? transformed) === undefined && told
  if (plain) return seal(key, `[${head}]`)
  const extras: Extras = { job, run, cause, version, revision, transformed, untold: told ? undefined : true }
  return seal(key, `[${head},${JSON.stringify(extras)}]`)
}

// Nothing in it that JSON has to escape.
const PLAIN = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** An event from its record, deeply frozen. */
export function decodeEvent(key: string, text: string): EventRecord {
  const fields = JSON.parse(unseal(key, text)) as [string, string, number, JsonValue, Extras?]
  const [type, identifier, created, data, extras = {}] = fields
  const event = storedEvent({ type, identifier, data: freezeJson(data), ...extras }, seqOf(key), created)
  return { event, told: extras.untold !== true, size: text.length }
}

/** An event in its one shape, whether it was just accepted or read back; absent parts are absent. */
export function storedEvent(
  from: Extras & { readonly type: string; readonly identifier: string; readonly data: unknown },
  seq: number,
  created: number,
): StoredEvent {
  const { type, identifier, data } = from
  const event: { -readonly [K in keyof StoredEvent]: StoredEvent[K] } = { seq, type, identifier, data, created }
  if (from.job !== undefined) event.job = from.job
  if (from.cause !== undefined) event.cause = from.cause
  if (from.version !== undefined) event.version = from.version
  if (from.revision !== undefined) event.revision = from.revision
  if (from.transformed !== undefined) event.transformed = from.transformed
  return Object.freeze(event)
}
