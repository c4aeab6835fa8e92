/**
 * Keys of the store. Each record kind has its own first letter, so one ordered key space holds them all and one batch
 * can write any of them.
 *
 * Strings inside a key end with \0; a \0 or \x01 of their own is escaped, which keeps both the order of the strings
 * and their difference. Numbers are fixed-width hex, so that their order is that of the text.
 */
export const keys = {
  meta: 'm',
  head: 'h',
  event: (seq: number) => `e${hex(seq)}`,
  identity: (type: string, identifier: string) => `i${text(type)}${text(identifier)}`,
  /** Identity over all types, as the Python agent had it. */
  identityAlone: (identifier: string) => `i${text(identifier)}`,
  type: (type: string, seq: number) => `t${text(type)}${hex(seq)}`,
  consumer: (name: string) => `c${text(name)}`,
  retry: (name: string, seq: number) => `r${text(name)}${hex(seq)}`,
  retriesOf: (name: string) => `r${text(name)}`,
  parked: (name: string, seq: number) => `p${text(name)}${hex(seq)}`,
  /** What is in flight. */
  inFlight: (name: string) => `f${text(name)}`,
  crash: (name: string, seq: number) => `x${text(name)}${hex(seq)}`,
  crashesOf: (name: string) => `x${text(name)}`,
  parkedOf: (name: string) => `p${text(name)}`,
  state: (namespace: string, key: string) => `s${text(namespace)}${text(key)}`,
  stateOf: (namespace: string, prefix: string) => `s${text(namespace)}${escape(prefix)}`,
  claim: (job: string) => `j${text(job)}`,
  run: (job: string, slot: number, attempt: number) => `u${text(job)}${hex(slot, SLOT)}${hex(attempt, ATTEMPT)}`,
  runsOf: (job: string) => `u${text(job)}`,
  /** A commit without events. */
  eventless: (nth: number) => `q${hex(nth)}`,
  /** An hour since the epoch, in which events were accepted that were pruned. */
  hour: (hour: number) => `d${hex(hour)}`,
} as const

/** The first letters of all keys: a kind of record each. */
export const kinds = 'cdefhijmpqrstux'.split('')

/** 12 digits: 2 ** 48 events, which is nine years at a million a second. */
const DIGITS = 12

/** Any time that a Date can name, and more attempts than there is time for. */
const SLOT = 14
const ATTEMPT = 8

function hex(number: number, digits = DIGITS): string {
  return Math.max(0, number).toString(16).padStart(digits, '0')
}

/** The seq that ends an event's, type's, retry's, parked or crash key; the hour of an hour's; which quiet commit. */
export function seqOf(key: string): number {
  return Number.parseInt(key.slice(-DIGITS), 16)
}

/** The slot and the attempt that end the key of a run. */
export function runOf(key: string): { readonly slot: number; readonly attempt: number } {
  const end = key.slice(-SLOT - ATTEMPT)
  return { slot: Number.parseInt(end.slice(0, SLOT), 16), attempt: Number.parseInt(end.slice(SLOT), 16) }
}

/** A range of keys: from `gte`, up to `lt` without it. */
export interface KeyRange {
  readonly gte: string
  readonly lt: string
}

/**
 * The range of all keys that begin with `prefix`. LevelDB orders keys by their UTF-8 bytes, which is the order of code
 * points, so the bound is the next prefix of the same length or shorter. "The prefix and a high character" would be no
 * bound: a key may continue with any number of U+10FFFF.
 *
 * @throws RangeError for a prefix that no other one follows, such as the empty one: see `allKeys`
 */
export function startingWith(prefix: string): KeyRange {
  const points = Array.from(prefix, (c) => c.codePointAt(0) as number)
  while (points.at(-1) === LAST) points.pop()
  const last = points.pop()
  if (last === undefined) throw new RangeError('a prefix begins with the letter of a kind')
  // Surrogates are no code points of their own.
  const following = last === 0xd7ff ? 0xe000 : last + 1
  return { gte: prefix, lt: String.fromCodePoint(...points, following) }
}

/** The last code point of Unicode. */
const LAST = 0x10ffff

/** The range of all keys of all kinds. */
export const allKeys: KeyRange = { gte: kinds[0] as string, lt: startingWith(kinds.at(-1) as string).lt }

/** Every string of a key, unescaped: what comes after the letter, without the seq. */
export function textsOf(key: string): string[] {
  return key.slice(1).split('\0').slice(0, -1).map(unescape)
}

function text(value: string): string {
  return `${escape(value)}\0`
}

// These two are the separator and the escape
const SPECIAL = /[\0\x01]/g
// An escape is two characters
const ESCAPED = /\x01[\x01\x02]/g

function escape(value: string): string {
  return value.search(SPECIAL) >= 0 ? value.replace(SPECIAL, (c) => (c === '\0' ? '\x01\x01' : '\x01\x02')) : value
}

function unescape(value: string): string {
  return value.replace(ESCAPED, (pair) => (pair === '\x01\x01' ? '\0' : '\x01'))
}
