import { asError, describe, TidingsError } from './errors.ts'

/** What survives JSON: what `JSON.parse` can give. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Nesting beyond this is refused: no event needs it, and each recursive reader of it would overflow its stack. */
const DEEPEST = 1000

/**
 * A copy of `value` as a replay would show it: plain, deeply frozen JSON. One walk checks, copies and freezes.
 * `undefined` properties are left out, `-0` becomes `0`, as JSON has it; anything else that JSON would change or
 * drop without a word is refused.
 *
 * @throws TidingsError `TIDINGS_DATA_INVALID`, whose `details.path` names the place, such as `labels.0.at`
 */
export function toJson(value: unknown): JsonValue {
  const path: (string | number)[] = []
  try {
    return copy(value, path, [])
  } catch (error) {
    if (error instanceof TidingsError) throw error
    // A getter or a proxy that throws.
    return refuse(value, path, `what can't be read (${asError(error).message})`)
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
  // The prototype of plain arrays, of any realm, is an array itself; that of a class is not.
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

/** Freezes JSON that was just parsed, and everything in it. */
export function freezeJson<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    // Object.keys would make an array for each. What is parsed inherits nothing that could be listed.
    for (const key in value) {
      const held = value[key]
      if (typeof held === 'object') freezeJson(held)
    }
    Object.freeze(value)
  }
  return value
}

/** JSON text that does not depend on the order in which properties were added. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const record = value as { readonly [key: string]: JsonValue }
  const members = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as JsonValue)}`)
  return `{${members.join(',')}}`
}
