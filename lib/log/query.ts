import { describe, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import type { Query } from './port.ts'
import { planOf } from './query-plan.ts'
import { commonTypes, typeTest } from './type-names.ts'

/** The parts of a query. */
export const QUERY_PARTS = {
  types: true,
  since: true,
  until: true,
  after: true,
  before: true,
  told: true,
  limit: true,
  reverse: true,
  where: true,
} as const satisfies { readonly [K in keyof Required<Query>]: true }

/** A validated query with its defaults, and the bounds that its test adds to those of the query. */
export interface Narrowed {
  /** Only events with a higher seq. */
  readonly after: number
  /** Only events up to this seq. */
  readonly upTo: number
  /** The earliest and the latest `created`, inclusive. */
  readonly since: number
  readonly until: number
  readonly limit: number
  readonly reverse: boolean
  /** Names of types and patterns of them, outside of which nothing matches; undefined: all types. */
  readonly types: readonly string[] | undefined
  /** The identifiers outside of which nothing matches; undefined: all. */
  readonly identifiers: readonly string[] | undefined
  /** The whole test: the bounds may be wider. */
  test(event: StoredEvent): boolean
}

/**
 * Validates a query, fills in the defaults, and finds out what `where` bounds.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, naming the part that is wrong
 */
export function narrow(query: Query): Narrowed {
  // A misspelt part would match everything.
  checkOptions(query, QUERY_PARTS, 'TIDINGS_LOG_INVALID', 'of a query')
  const { types, where, told, reverse } = query
  if (told !== undefined && typeof told !== 'boolean') wrong('told', 'true or false', told)
  if (reverse !== undefined && typeof reverse !== 'boolean') wrong('reverse', 'true or false', reverse)
  const after = count(query.after, 'after', 0)
  const before = count(query.before, 'before', Number.POSITIVE_INFINITY)
  const limit = count(query.limit, 'limit', Number.POSITIVE_INFINITY)
  const since = checkInstant(query.since ?? Number.NEGATIVE_INFINITY, 'since')
  const until = checkInstant(query.until ?? Number.POSITIVE_INFINITY, 'until')
  const hears = typeTest(types)
  if (where !== undefined && typeof where !== 'function') wrong('where', 'a test on an event', where)
  const plan = planOf(where)
  return {
    after: Math.max(after, Math.ceil(plan.seq.low) - 1),
    upTo: Math.min(Math.floor(plan.seq.high), before - 1),
    since: Math.max(since, plan.created.low),
    until: Math.min(until, plan.created.high),
    limit,
    reverse: reverse === true,
    types: commonTypes(types, plan.types),
    identifiers: plan.identifiers,
    test: (event) =>
      event.created >= since && event.created <= until && hears(event.type) && (where === undefined || where(event)),
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
