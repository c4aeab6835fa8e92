/** The kinds of JSON value. */
export const KINDS = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const

/** A kind of JSON value. */
export type Kind = (typeof KINDS)[number]

/** The JSON kind of a value. Undefined for values that JSON cannot hold: undefined, NaN, a Date, a class instance. */
export function kindOf(value: unknown): Kind | undefined {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isFinite(value) ? 'number' : undefined
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' && isPlain(value) ? 'object' : undefined
}

/** The number of characters (UTF-16 code units) of a string, items of an array or keys of an object; else undefined. */
export function count(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return kindOf(value) === 'object' ? Object.keys(value as object).length : undefined
}

// Compares with the end of the prototype chain and not with Object.prototype, because every realm has its own
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
