import { describe, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Query } from './port.ts'

/** A validated query with its defaults. `type`: the exact type, if the query names a single one. */
export interface Narrowed {
  readonly after: number
  readonly limit: number
  readonly reverse: boolean
  readonly type: string | undefined
  test(event: StoredEvent): boolean
}

/**
 * Validates a query and fills in the defaults.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, naming the part that is wrong
 */
export function narrow(query: Query): Narrowed {
  const { types, where } = query
  const after = count(query.after, 'after', 0)
  const limit = count(query.limit, 'limit', Number.POSITIVE_INFINITY)
  const since = checkInstant(query.since ?? Number.NEGATIVE_INFINITY, 'since')
  const until = checkInstant(query.until ?? Number.POSITIVE_INFINITY, 'until')
  const hears = typeTest(types)
  if (where !== undefined && typeof where !== 'function') wrong('where', 'a test on an event', where)
  const only = types?.length === 1 && !types[0]?.includes('*') ? types[0] : undefined
  return {
    after,
    limit,
    reverse: query.reverse === true,
    type: only,
    test: (event) =>
      event.created >= since && event.created <= until && hears(event.type) && (where === undefined || where(event)),
  }
}

/** Returns a test whether a type is one of these names or matches one of these patterns; undefined matches all. */
export function typeTest(types: readonly string[] | undefined): (type: string) => boolean {
  if (types === undefined) return () => true
  // A boolean instead of a type guard, which would narrow `types` to an array of any.
  const isArray: boolean = Array.isArray(types)
  if (!isArray) wrong('types', 'an array of names of event types', types)
  for (const type of types) {
    if (typeof type !== 'string' || type === '') wrong('types', 'names of event types', type)
  }
  const names = new Set(types.filter((type) => !type.includes('*')))
  const patterns = types.filter((type) => type.includes('*')).map(patternTest)
  return (type) => names.has(type) || patterns.some((matches) => matches(type))
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

/** Validates a count: a whole number from 0, or Infinity; `what` names it in the error. */
export function count(value: unknown, what: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && value >= 0 && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY))
    return value
  return wrong(what, 'a whole number, not negative', value)
}

/** Converts a Date or a number to ms since the epoch; `what` names it in the error. */
export function checkInstant(value: unknown, what: string): number {
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms === 'number' && !Number.isNaN(ms)) return ms
  return wrong(what, 'a Date, or ms since the epoch', value)
}

function wrong(what: string, expected: string, got: unknown): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `${quote(what)} must be ${expected}, got ${describe(got)}`, {
    details: { path: what },
  })
}
