/**
 * Marks a value as one of ours. By a registered symbol rather than `instanceof`: a globally installed runner and a local
 * copy of the package must recognize each other's jobs.
 */
export function brand<const K extends string, T extends object>(kind: K, value: T): T {
  return Object.defineProperty(value, symbolOf(kind), { value: true })
}

/** Whether some copy of this package marked `value` as a `kind`. */
export function isBranded(kind: string, value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return symbolOf(kind) in value
  } catch {
    // A proxy that throws, or was revoked, has no brand.
    return false
  }
}

function symbolOf(kind: string): symbol {
  return Symbol.for(`tidings.${kind}`)
}
