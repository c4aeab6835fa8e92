/** A value as source code on one line: `'x'`, `new Date('…')`, `[1, 2]`, `gt(3)`. */
export function code(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'function') return isPrintable(value) ? String(value) : value.name || 'anonymous'
  if (value instanceof Date) return `new Date(${quoted(value.toISOString())})`
  if (Array.isArray(value)) return `[${value.map(code).join(', ')}]`
  if (!isRecord(value)) return String(value)
  const fields = Object.entries(value).map(
    ([key, field]) => `${/^[a-z_$][\w$]*$/i.test(key) ? key : quoted(key)}: ${code(field)}`,
  )
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/**
 * A value in JSON: tests by their own `toJSON`, other functions by name, a RegExp in its notation. A Date and a number
 * that JSON does not have are tagged, since a string or null would be another operand.
 */
export function plain(value: unknown): unknown {
  if (typeof value === 'function') return isPrintable(value) ? value.toJSON() : value.name || 'anonymous'
  if (value instanceof Date) return { date: value.toISOString() }
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return { number: String(value) }
  if (value instanceof RegExp) return String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]))
  return value
}

/** A value as errors show it after "got": a scalar itself, anything else by its kind. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : code(value)
}

// JSON.stringify escapes control characters, so that hostile text cannot forge a line of a log
const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

const isPrintable = (value: object): value is { toJSON(): unknown } => Object.hasOwn(value, 'toJSON')

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof RegExp)
