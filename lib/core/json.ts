import { asError, describe, TidingsError } from './errors.ts'

/** A value that survives JSON: whatever `JSON.parse` can return. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** The deepest nesting; no event needs more, and a recursive reader would overflow its stack. */
const DEEPEST = 1000

/**
 * Copies a value as a replay would show it: plain, deeply frozen JSON. One walk checks, copies and freezes. As in JSON,
 * `undefined` properties are omitted and `-0` becomes `0`; anything else that JSON would silently change or drop is
 * rejected.
 *
 * @throws TidingsError `TIDINGS_DATA_INVALID`, with the place in `details.path`, such as `labels.0.at`
 */
export function toJson(value: unknown): JsonValue {
  const path: (string | number)[] = []
  try {
    return copy(value, path, [])
  } catch (error) {
    if (error instanceof TidingsError) throw error
    // A getter or a proxy that throws.
    return refuse(value, path, `a value that can't be read (${asError(error).message})`)
  }
}

function copy(value: unknown, path: (string | number)[], above: object[]): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value === 0 ? 0 : value
      return refuse(value, path)
    case 'object':
      return value === null ? null : copyObject(value, path, above)
    default:
      return refuse(value, path)
  }
}

function copyObject(value: object, path: (string | number)[], above: object[]): JsonValue {
  if (above.includes(value)) return refuse(value, path, 'a cycle')
  if (above.length >= DEEPEST) return refuse(value, path.slice(0, 5), `more than ${DEEPEST} levels`)
  above.push(value)
  const copied = Array.isArray(value) ? copyArray(value, path, above) : copyRecord(value, path, above)
  above.pop()
  return Object.freeze(copied)
}

function copyArray(value: readonly unknown[], path: (string | number)[], above: object[]): JsonValue[] {
  // The prototype of plain arrays, in any realm, is itself an array; that of a subclass is not.
  if (!Array.isArray(Object.getPrototypeOf(value))) refuse(value, path, 'an array of a class of its own')
  const copied: JsonValue[] = []
  for (let i = 0; i < value.length; i++) {
    path.push(i)
    copied.push(copy(value[i], path, above))
    path.pop()
  }
  if (Object.keys(value).length !== value.length) refuse(value, path, 'an array with named properties')
  return copied
}

function copyRecord(value: object, path: (string | number)[], above: object[]): Record<string, JsonValue> {
  const proto: unknown = Object.getPrototypeOf(value)
  // A plain object of another realm has a prototype without a prototype that owns hasOwnProperty.
  const plain =
    proto === null ||
    proto === Object.prototype ||
    (Object.getPrototypeOf(proto) === null && Object.hasOwn(proto as object, 'hasOwnProperty'))
  if (!plain) refuse(value, path)
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(value, path, 'an object with symbol keys')
  const copied: Record<string, JsonValue> = {}
  for (const key of Object.keys(value)) {
    path.push(key)
    const held = (value as Record<string, unknown>)[key]
    const kept = held === undefined ? undefined : copy(held, path, above)
    path.pop()
    if (kept === undefined) continue
    // An assignment to __proto__ would change the prototype; JSON.parse makes an own property of it.
    if (key === '__proto__') Object.defineProperty(copied, key, { value: kept, enumerable: true })
    else copied[key] = kept
  }
  return copied
}

function refuse(value: unknown, path: (string | number)[], what = describe(value)): never {
  const at = path.join('.')
  throw new TidingsError('TIDINGS_DATA_INVALID', `${at === '' ? 'the value' : at} must be JSON, got ${what}`, {
    details: { path: at },
  })
}

/** Deeply freezes JSON that was just parsed. */
export function freezeJson<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    // Object.keys would allocate an array for each object. Parsed JSON inherits no enumerable property.
    for (const key in value) {
      const held = value[key]
      if (typeof held === 'object') freezeJson(held)
    }
    Object.freeze(value)
  }
  return value
}

/** Writes JSON with sorted properties: the text does not depend on the order in which they were added. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const record = value as { readonly [key: string]: JsonValue }
  const members = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as JsonValue)}`)
  return `{${members.join(',')}}`
}
