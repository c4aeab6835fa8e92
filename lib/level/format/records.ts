import { crc32 } from 'node:zlib'
import { TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { freezeJson, type JsonValue } from '../../core/json.ts'
import type { EventRecord } from '../../log/consumer/consumer-store.ts'
import type { OpenRecord } from '../../log/slots.ts'
import { storedEvent } from '../../log/stored-event.ts'
import { KIND, keys, kindOf, seqOf } from './keys.ts'

export type { EventRecord } from '../../log/consumer/consumer-store.ts'

/** The version of the disk format. A newer one is refused, an older one is upgraded. */
export const FORMAT = 2

/** The record that is written once, when the log is made. */
export interface Meta {
  /** The disk format. */
  readonly format: number
  /** The id of the log, a UUID. */
  readonly id: string
  /** The rule for what makes an identity. */
  readonly identity: 'type' | 'identifier'
  /** When the log was made, in ms since the epoch. */
  readonly created: number
}

/**
 * The record that every commit writes:
 *
 * - `seq`: the highest seq in the commit, or before it
 * - `floor`: the highest acknowledged seq when the commit was built; all events up to it must be found at open
 * - `first`: the lowest seq whose body is kept
 * - `newest`, `oldest`: the eventless commits whose records must be found at open
 * - `unindexed`: the events that the counts of types and the index of causes lack; absent: an older version of Tidings
 *   has written the commit, and neither of them can be trusted
 */
export type Head = readonly [
  seq: number,
  floor: number,
  first: number,
  newest?: number,
  oldest?: number,
  unindexed?: Unindexed,
]

/** From one seq to another, both included; 0: none. */
export type Unindexed = readonly [from: number, to: number] | 0

/** The events of a type in the log: how many, the seq of the newest, and when that was accepted, in ms since the epoch. */
export type TypeCount = readonly [count: number, last: number, created: number]

/**
 * The latest event of an identity:
 *
 * - `seq`; for versioned types also its `version` and `revision`
 * - `told`, `toldVersion`: where the latest event was stored untold, the seq (0: none) and version last told. An event
 *   without a version counts as told
 */
export type Identity = readonly [
  seq: number,
  version?: string | null,
  revision?: number,
  told?: number,
  toldVersion?: string | null,
]

/** The seq of a forgotten identity: it may be told again, and its events stay. */
export const FORGOTTEN = 0

/** Returns the identity record of a newly accepted event; `known`: the record before it. */
export function identityOf(event: StoredEvent, told: boolean, known: Identity | undefined): Identity {
  const { seq, version, revision = 1 } = event
  if (version === undefined) return [seq]
  if (told) return [seq, version, revision]
  if (known === undefined || known[3] === 0) return [seq, version, revision, 0]
  const [toldSeq, toldVersion] = lastTold(known)
  return [seq, version, revision, toldSeq, toldVersion ?? null]
}

/** Returns the seq and version last told; if none was told, those last stored. */
export function lastTold(known: Identity): readonly [seq: number, version: string | null | undefined] {
  const [seq, version, , told = 0, toldVersion] = known
  return told === 0 ? [seq, version] : [told, toldVersion]
}

/** A value of the state. */
export interface StateRecord {
  readonly value: JsonValue
  /** How often the key was set. */
  readonly revision: number
}

/** The slots of a job. */
export interface ClaimRecord {
  /** Every slot up to this time is settled, except those in `open`; in ms since the epoch. */
  readonly done?: number
  readonly open?: readonly OpenRecord[]
  /** The only open slot, in records from before there was a set. It is only read. */
  readonly running?: OpenRecord
}

/** The outcome of an attempt, or of a slot that never ran; absent: unknown, because the process died. */
export interface StoredOutcome {
  readonly outcome?: JsonValue
}

/** The optional parts of an event record; absent ones take no room. */
interface Extras {
  readonly job?: string | undefined
  readonly run?: string | undefined
  readonly cause?: number | undefined
  readonly version?: string | undefined
  readonly revision?: number | undefined
  readonly transformed?: true | undefined
  /** Versions of Tidings that do not know it leave it out. */
  readonly traceparent?: string | undefined
  readonly untold?: true | undefined
}

/**
 * Returns the text of a record: 8 hex digits of a checksum over key and body, then the body. The checksum covers the key,
 * so that a sound record under the wrong key is noticed too.
 */
export function seal(key: string, body: string): string {
  return checksum(key, body) + body
}

/** How many characters the checksum of a record has. */
const CHECKSUM = 8

/** The kinds whose keys end with the seq of an event that a person may look for. */
const NUMBERED: ReadonlySet<string> = new Set([KIND.event, KIND.type, KIND.cause, KIND.retry, KIND.parked])

/**
 * Returns the body of a record.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` when the checksum does not match, with `details` { key, seq? }
 */
export function unseal(key: string, text: string): string {
  const body = text.slice(CHECKSUM)
  if (text.length < CHECKSUM || checksum(key, body) !== text.slice(0, CHECKSUM)) {
    throw new TidingsError('TIDINGS_LOG_DAMAGED', `the record at ${JSON.stringify(key)} does not match its checksum`, {
      details: { key, ...(NUMBERED.has(kindOf(key)) ? { seq: seqOf(key) } : {}) },
    })
  }
  return body
}

// The two digits of each byte: toString(16) of a 32-bit number costs as much as the checksum.
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function checksum(key: string, body: string): string {
  const crc = crc32(key + body)
  const [a, b, c, d] = [crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255]
  return `${DIGITS[a]}${DIGITS[b]}${DIGITS[c]}${DIGITS[d]}`
}

/** Returns a record as JSON with its checksum. */
export function encode<T>(key: string, record: T): string {
  return seal(key, JSON.stringify(record))
}

/** As `encode`, faster for an identity without a version, as most are. */
export function encodeIdentity(key: string, identity: Identity): string {
  return identity.length === 1 ? seal(key, `[${identity[0]}]`) : encode(key, identity)
}

/** Reads a record; undefined stays undefined. */
export function decode<T>(key: string, text: string): T
export function decode<T>(key: string, text: string | undefined): T | undefined
export function decode<T>(key: string, text: string | undefined): T | undefined {
  return text === undefined ? undefined : (JSON.parse(unseal(key, text)) as T)
}

/** Returns an event record: `[type, identifier, created, data, extras?]`. `json`: the text of the data. */
export function encodeEvent(event: StoredEvent, json: string, run: string | undefined, told: boolean): string {
  const key = keys.event(event.seq)
  const { job, cause, version, revision, transformed, traceparent } = event
  const head = `${quoted(event.type)},${quoted(event.identifier)},${event.created},${json}`
  const plain = (job ?? run ?? cause ?? version ?? transformed ?? traceparent) === undefined && told
  if (plain) return seal(key, `[${head}]`)
  const untold = told ? undefined : true
  const extras: Extras = { job, run, cause, version, revision, transformed, traceparent, untold }
  return seal(key, `[${head},${JSON.stringify(extras)}]`)
}

// Text without characters that JSON escapes.
const PLAIN = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Reads the record of an event. The event is deeply frozen. */
export function decodeEvent(seq: number, text: string): EventRecord {
  const fields = JSON.parse(unseal(keys.event(seq), text)) as [string, string, number, JsonValue, Extras?]
  const [type, identifier, created, data, extras = {}] = fields
  const event = storedEvent({ type, identifier, data: freezeJson(data), ...extras }, seq, created)
  return { event, told: extras.untold !== true, size: text.length, run: extras.run }
}

/** Reads what indexes need of the record of an event: much faster than the whole event. */
export function decodeFacts(
  seq: number,
  text: string,
): { readonly seq: number; readonly type: string; readonly created: number; readonly cause: number | undefined } {
  const body = unseal(keys.event(seq), text)
  const [type, , created, , extras] = JSON.parse(body) as [string, string, number, JsonValue, Extras?]
  return { seq, type, created, cause: extras?.cause }
}

/** Returns a test whether a sound record is of one of these types: much faster than reading it. */
export function recordsOf(types: readonly string[]): (text: string) => boolean {
  const beginnings = types.map((type) => `[${quoted(type)},`)
  return (text) => beginnings.some((beginning) => text.startsWith(beginning, CHECKSUM))
}
