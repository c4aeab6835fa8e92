import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { checkOptions } from '../../core/options.ts'
import { parseTime } from '../../core/parse-time.ts'
import { eq } from '../../filter/comparison.ts'
import { fromJSON } from '../../filter/from-json.ts'
import { all } from '../../filter/logic.ts'
import { parseWhere } from '../../filter/parse-where.ts'
import { at } from '../../filter/path.ts'
import { isTest, type Test } from '../../filter/test.ts'
import type { Query } from '../../log/port.ts'
import { QUERY_PARTS } from '../../log/query.ts'

/** A query for events, as JSON. All given parts must match. */
export interface EventQuestion {
  /** Names, or patterns where `*` matches any characters. */
  readonly types?: readonly string[]
  /**
   * Only events from this time on, inclusive; default all. A date (`2027-01-31`, `2027-01-31 12:00`,
   * `2027-01-31T12:00+02:00`), `now`, `today`, `yesterday`, or a time ago (`2h`). Times without an offset are local to
   * the process that answers.
   */
  readonly since?: string
  /** Only events up to this time, inclusive, in the form of `since`; a day includes its end. Default all. */
  readonly until?: string
  /** Exactly this identifier. */
  readonly identifier?: string
  /**
   * What the event must be: an expression such as `data.stars > 3 and not data.draft = true` (docs/asking.md has the
   * grammar), a test made of `tidings/filters`, or the JSON text of one. Default all events.
   */
  readonly where?: string | Test<StoredEvent>
  /** Only events that were told to listeners (`true`), or only those stored without telling (`false`); default both. */
  readonly told?: boolean
  /** Only events with a higher seq; default all. */
  readonly after?: number
  /** Only events with a lower seq; default all. */
  readonly before?: number
  /** At most this many events; default all. */
  readonly limit?: number
  /** Newest first; default oldest first. */
  readonly reverse?: boolean
}

/**
 * Converts the question to a query of the log.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the invalid part
 */
export function toQuery(question: EventQuestion, clock: Clock): Query {
  checkOptions(question, { ...QUERY_PARTS, identifier: true }, 'TIDINGS_LOG_INVALID', 'of a question about events')
  const { types, since, until, told, after, before, limit, reverse } = question
  return {
    ...defined({ types }),
    ...(since === undefined ? {} : { since: parseInstant(since, 'since', clock) }),
    ...(until === undefined ? {} : { until: parseInstant(until, 'until', clock) }),
    ...defined({ where: whereOf(question), told, after, before, limit, reverse }),
  }
}

function whereOf({ identifier, where }: EventQuestion): Query['where'] {
  const test = where === undefined ? undefined : testOf(where)
  if (identifier === undefined) return test
  const isIdentifier = at<StoredEvent, 'identifier'>('identifier', eq(identifier))
  return test === undefined ? isIdentifier : all(isIdentifier, test)
}

/** A test as JSON begins like this, and no expression does. */
const JSON_TEXT = /^\s*[{"]/

function testOf(where: string | Test<StoredEvent>): Test<StoredEvent> {
  if (typeof where !== 'string') {
    if (isTest(where)) return where
    throw wrong('where', 'an expression or a test made of tidings/filters', where)
  }
  const [what, read] = JSON_TEXT.test(where)
    ? (['a test as JSON', (text: string) => fromJSON(JSON.parse(text))] as const)
    : (['an expression about events', parseWhere] as const)
  try {
    return read(where)
  } catch (cause) {
    const message = `"where" is not ${what}: ${(cause as Error).message}`
    throw new TidingsError('TIDINGS_LOG_INVALID', message, { cause, details: { path: 'where' } })
  }
}

/**
 * Parses a date, or a time ago, to ms since the epoch (see `parseTime`). `part` names it in errors; for `until`, a day
 * means its end.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function parseInstant(text: string, part: string, clock: Clock): number {
  const ms = parseTime(text, clock.now(), { endOfDay: part === 'until' })
  if (ms === undefined) throw wrong(part, 'a date such as 2027-01-31, or a time ago such as 2h', text)
  return ms
}

function wrong(part: string, expected: string, got: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', `${quote(part)} must be ${expected}, got ${describe(got)}`, {
    details: { path: part },
  })
}
