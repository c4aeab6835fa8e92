/**
 * The kinds of records, each by the first letter of its keys. One ordered key space holds them all, so that one batch can
 * write any of them. A letter is part of the disk format: it never changes its meaning.
 */
export const KIND = {
  /** The times of a block of events. */
  times: 'b',
  /** How far a consumer is. */
  cursor: 'c',
  /** An hour in which events were accepted whose bodies are pruned: the age of identities. */
  hour: 'd',
  /** The records of neighbouring events, at the seq of the first: see `segments.ts`. */
  event: 'e',
  /** The events that a consumer has in flight. */
  flight: 'f',
  head: 'h',
  identity: 'i',
  /** The claimed and settled slots of a job. */
  claim: 'j',
  /** The index of causes: an event, and one that it has led to. */
  cause: 'l',
  meta: 'm',
  /** How many events a type has. */
  count: 'n',
  parked: 'p',
  /** A commit without events. */
  eventless: 'q',
  retry: 'r',
  state: 's',
  /** The index of types: the segments with events of a type. Its records have no value, so no checksum. */
  type: 't',
  /** The outcome of one attempt at a slot. */
  run: 'u',
  /** The crashes of the process with an event alone in flight. */
  crash: 'x',
} as const

export type RecordKind = (typeof KIND)[keyof typeof KIND]

/** All kinds, in the order of their keys. */
export const kinds: readonly RecordKind[] = Object.values(KIND).sort()

/** The kind of the record at a key. */
export function kindOf(key: string): RecordKind {
  return key[0] as RecordKind
}

/**
 * The keys of the store. Strings inside a key end with \0; a \0 or \x01 of their own is escaped, which keeps both the
 * order of the strings and their difference. Numbers are fixed-width hex, so that their order is that of the text.
 */
export const keys = {
  meta: KIND.meta,
  head: KIND.head,
  event: (seq: number) => `${KIND.event}${hex(seq)}`,
  identity: (type: string, identifier: string) => `${KIND.identity}${text(type)}${text(identifier)}`,
  /** Identity over all types, as the Python agent had it. */
  identityAlone: (identifier: string) => `${KIND.identity}${text(identifier)}`,
  type: (type: string, seq: number) => `${KIND.type}${text(type)}${hex(seq)}`,
  /** What the keys of all types begin with that begin with `prefix`. */
  typesOf: (prefix: string) => `${KIND.type}${escape(prefix)}`,
  count: (type: string) => `${KIND.count}${text(type)}`,
  cause: (cause: number, seq: number) => `${KIND.cause}${hex(cause)}${hex(seq)}`,
  causedBy: (cause: number) => `${KIND.cause}${hex(cause)}`,
  consumer: (name: string) => `${KIND.cursor}${text(name)}`,
  retry: (name: string, seq: number) => `${KIND.retry}${text(name)}${hex(seq)}`,
  retriesOf: (name: string) => `${KIND.retry}${text(name)}`,
  parked: (name: string, seq: number) => `${KIND.parked}${text(name)}${hex(seq)}`,
  parkedOf: (name: string) => `${KIND.parked}${text(name)}`,
  inFlight: (name: string) => `${KIND.flight}${text(name)}`,
  crash: (name: string, seq: number) => `${KIND.crash}${text(name)}${hex(seq)}`,
  crashesOf: (name: string) => `${KIND.crash}${text(name)}`,
  state: (namespace: string, key: string) => `${KIND.state}${text(namespace)}${text(key)}`,
  stateOf: (namespace: string, prefix: string) => `${KIND.state}${text(namespace)}${escape(prefix)}`,
  claim: (job: string) => `${KIND.claim}${text(job)}`,
  run: (job: string, slot: number, attempt: number) =>
    `${KIND.run}${text(job)}${hex(slot, SLOT_DIGITS)}${hex(attempt, ATTEMPT_DIGITS)}`,
  runsOf: (job: string) => `${KIND.run}${text(job)}`,
  /** `number`: which commit without events, from 1. */
  eventless: (number: number) => `${KIND.eventless}${hex(number)}`,
  /** `block`: which block of events, from 0. */
  times: (block: number) => `${KIND.times}${hex(block)}`,
  /** `hour`: in hours since the epoch. */
  hour: (hour: number) => `${KIND.hour}${hex(hour)}`,
} as const

/** 12 digits: 2 ** 48 events, which is nine years at a million a second. */
const DIGITS = 12

/** The last seq that a key can have. */
export const LAST_SEQ = 2 ** 48 - 1

/** Enough for any time that a Date can hold, and for more attempts than there is time for. */
const SLOT_DIGITS = 14
const ATTEMPT_DIGITS = 8

function hex(number: number, digits = DIGITS): string {
  return Math.max(0, number).toString(16).padStart(digits, '0')
}

/** The number that ends a key: the seq of an event, type, cause, retry, parked or crash key; a block, an hour, an eventless commit. */
export function seqOf(key: string): number {
  return Number.parseInt(key.slice(-DIGITS), 16)
}

/** The seq of the cause in the key of the index of causes. */
export function causeOf(key: string): number {
  return Number.parseInt(key.slice(1, 1 + DIGITS), 16)
}

/** The slot and the attempt that end the key of a run. */
export function runOf(key: string): { readonly slot: number; readonly attempt: number } {
  const end = key.slice(-SLOT_DIGITS - ATTEMPT_DIGITS)
  return { slot: Number.parseInt(end.slice(0, SLOT_DIGITS), 16), attempt: Number.parseInt(end.slice(SLOT_DIGITS), 16) }
}

/** A range of keys: from `gte`, up to `lt` without it. */
export interface KeyRange {
  readonly gte: string
  readonly lt: string
}

/**
 * The range of all keys that begin with `prefix`. LevelDB orders keys by their UTF-8 bytes, which is the order of code
 * points, so the bound is the next prefix of the same length or shorter. "The prefix and a high character" would
 * not do: a key may continue with any number of U+10FFFF.
 *
 * @throws RangeError for a prefix that no other one follows, such as the empty one: see `allKeys`
 */
export function startingWith(prefix: string): KeyRange {
  const points = Array.from(prefix, (c) => c.codePointAt(0) as number)
  while (points.at(-1) === LAST_POINT) points.pop()
  const last = points.pop()
  if (last === undefined) throw new RangeError('a prefix must begin with the letter of a kind')
  // Half a surrogate pair is not a code point.
  const following = last === 0xd7ff ? 0xe000 : last + 1
  return { gte: prefix, lt: String.fromCodePoint(...points, following) }
}

/** The last code point of Unicode. */
const LAST_POINT = 0x10ffff

/** The range of all keys of all kinds. */
export const allKeys: KeyRange = { gte: kinds[0] as string, lt: startingWith(kinds.at(-1) as string).lt }

/** The strings of a key, unescaped, without the letter and the number at its end. */
export function textsOf(key: string): string[] {
  return key.slice(1).split('\0').slice(0, -1).map(unescape)
}

function text(value: string): string {
  return `${escape(value)}\0`
}

// The separator and the escape character.
const SPECIAL = /[\0\x01]/g
// An escape has two characters.
const ESCAPED = /\x01[\x01\x02]/g

function escape(value: string): string {
  return value.search(SPECIAL) >= 0 ? value.replace(SPECIAL, (c) => (c === '\0' ? '\x01\x01' : '\x01\x02')) : value
}

function unescape(value: string): string {
  return value.replace(ESCAPED, (pair) => (pair === '\x01\x01' ? '\0' : '\x01'))
}
