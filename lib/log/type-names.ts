import { describe, quote, TidingsError } from '../core/errors.ts'

/** Returns a test whether a type is one of these names or matches one of these patterns; undefined matches all. */
export function typeTest(types: readonly string[] | undefined): (type: string) => boolean {
  if (types === undefined) return () => true
  // A boolean instead of a type guard, which would narrow `types` to an array of any.
  const isArray: boolean = Array.isArray(types)
  if (!isArray) wrong('an array of names of event types', types)
  for (const type of types) {
    if (typeof type !== 'string' || type === '') wrong('names of event types', type)
  }
  const names = new Set(types.filter((type) => !isPattern(type)))
  const patterns = types.filter(isPattern).map(patternTest)
  return (type) => names.has(type) || patterns.some((matches) => matches(type))
}

/** Whether a name of types is a pattern. */
export const isPattern = (type: string): boolean => type.includes('*')

/**
 * Names and patterns for all types that both lists match, and perhaps for more: two patterns may have some types in
 * common. undefined matches all.
 */
export function commonTypes(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const [inA, inB] = [looseTest(a), looseTest(b)]
  const names = [
    ...a.filter((each) => !isPattern(each) && inB(each)),
    ...b.filter((each) => !isPattern(each) && inA(each)),
  ]
  const patterns = b.some(isPattern) ? a.filter(isPattern) : []
  return [...new Set([...names, ...patterns])]
}

// A test may ask for a type without a name, which no event has.
const looseTest = (types: readonly string[]) => typeTest(types.filter((type) => type !== ''))

/** The pattern of all types that begin as a pattern of `*` and `?` does; undefined: any type. */
export function typePrefix(pattern: string): readonly string[] | undefined {
  const head = headOf(pattern)
  return head === '' ? undefined : [`${head}*`]
}

/** What all types that match a pattern begin with. */
export function headOf(pattern: string): string {
  return pattern.slice(0, pattern.search(/[*?]|$/))
}

// `*` matches any characters: the parts between must occur in order, the first and last at the ends.
function patternTest(pattern: string): (type: string) => boolean {
  const parts = pattern.split('*')
  const head = parts[0] as string
  const tail = parts.at(-1) as string
  const middle = parts.slice(1, -1)
  return (type) => {
    if (type.length < head.length + tail.length || !type.startsWith(head) || !type.endsWith(tail)) return false
    let from = head.length
    for (const part of middle) {
      const found = type.indexOf(part, from)
      if (found < 0) return false
      from = found + part.length
    }
    return from <= type.length - tail.length
  }
}

function wrong(expected: string, got: unknown): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `${quote('types')} must be ${expected}, got ${describe(got)}`, {
    details: { path: 'types' },
  })
}
