import { createHash } from 'node:crypto'

/** The most characters of a text in an event. */
const MOST_CHARACTERS = 8000

/** The most bytes of an identifier in the log. */
const MOST_BYTES = 1024

/**
 * An identifier as the log takes it: well-formed text of at most 1 KiB; of a longer one, its beginning and a digest of the
 * whole. Undefined if the value cannot name anything: neither text nor a number, empty, or a whole number beyond 2^53,
 * which has lost digits while it was parsed.
 */
export function identifierOf(value: unknown): string | undefined {
  const text = typeof value === 'number' && isExact(value) ? String(value) : value
  if (typeof text !== 'string' || text === '') return undefined
  if (text.isWellFormed() && text.length * 3 <= MOST_BYTES) return text
  // A lone surrogate is replaced; the digest keeps identifiers apart that differ in nothing else.
  if (text.isWellFormed() && Buffer.byteLength(text) <= MOST_BYTES) return text
  const digest = createHash('sha256').update(JSON.stringify(text)).digest('base64url')
  return `${text.slice(0, 200).toWellFormed()} ${digest}`
}

function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
}

/** Well-formed text of at most 8000 characters; an ellipsis ends what was cut. */
export function cut(text: string, most: number = MOST_CHARACTERS): string {
  return (text.length > most ? `${text.slice(0, most - 1)}…` : text).toWellFormed()
}

/** The value at a path of names and positions, such as `data.items` or `0.id`; undefined if there is nothing. */
export function valueAt(value: unknown, path: string): unknown {
  let at = value
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return at
}
