import type { Clock } from '../core/clock.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import { parseTime } from '../core/parse-time.ts'
import type { Query } from '../log/port.ts'

/**
 * A question for events, in JSON. All parts given must hold.
 *
 * - `since`, `until`: a date (`2027-01-31`, `2027-01-31 12:00`, `2027-01-31T12:00+02:00`), `now`, `today`, `yesterday`, or
 *   a time ago (`2h`), both inclusive. A day is meant from its beginning to its end; without an offset, times are local to
 *   the process that answers
 */
export interface EventQuestion {
  /** Names, or patterns where `*` stands for any characters. */
  readonly types?: readonly string[]
  readonly since?: string
  readonly until?: string
  /** Exactly this one. */
  readonly identifier?: string
  /** At most this many; default all. */
  readonly limit?: number
  /** The newest first; default the oldest first. */
  readonly reverse?: boolean
}

/**
 * The question as the log takes it.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the part that is wrong
 */
export function toQuery({ types, since, until, identifier, limit, reverse }: EventQuestion, clock: Clock): Query {
  return {
    ...(types === undefined ? {} : { types }),
    ...(since === undefined ? {} : { since: instant(since, 'since', clock) }),
    ...(until === undefined ? {} : { until: instant(until, 'until', clock) }),
    ...(identifier === undefined ? {} : { where: (event) => event.identifier === identifier }),
    ...(limit === undefined ? {} : { limit }),
    ...(reverse === undefined ? {} : { reverse }),
  }
}

/**
 * When a date, or a time ago, is: in ms (see `parseTime`). `part` names it in errors; a day is meant to its end where that
 * is `until`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function instant(text: string, part: string, clock: Clock): number {
  const ms = parseTime(text, clock.now(), { endOfDay: part === 'until' })
  if (ms === undefined) throw wrong(part, 'a date such as 2027-01-31, or a time ago such as 2h', text)
  return ms
}

function wrong(part: string, expected: string, got: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', `${quote(part)} must be ${expected}, got ${describe(got)}`, {
    details: { path: part },
  })
}
