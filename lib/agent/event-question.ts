import type { Clock } from '../core/clock.ts'
import { parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { Query } from '../log/port.ts'

/**
 * A question for events, in JSON. All parts given must hold.
 *
 * - `types`: names, or patterns where `*` stands for any characters
 * - `since`, `until`: a date (`2027-01-31`, `2027-01-31T12:00Z`), or a time ago (`2h`), both inclusive; a day without
 *   a time is meant from its beginning to its end, where the log is
 * - `identifier`: exactly this one
 * - `limit`: at most this many; default all
 * - `reverse`: the newest first; default the oldest first
 */
export interface EventQuestion {
  readonly types?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly identifier?: string
  readonly limit?: number
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

const DAY = /^\d{4}-\d\d-\d\d$/
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * When a date, or a time ago, is: in ms. `part` names it in errors; a day is meant to its end where that is `until`.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function instant(text: string, part: string, clock: Clock): number {
  // Date takes a day without a time to be one in UTC; people mean theirs.
  const time = DAY.test(text) ? `${text}T${part === 'until' ? '23:59:59.999' : '00:00:00.000'}` : text
  const ms = DATE.test(time) ? Date.parse(time) : clock.now() - ago(text, part)
  if (Number.isNaN(ms)) throw notAnInstant(part, text)
  return ms
}

function ago(text: string, part: string): number {
  try {
    return parseDuration(text, part, { min: 0 })
  } catch {
    throw notAnInstant(part, text)
  }
}

function notAnInstant(part: string, text: string): TidingsError {
  return wrong(part, 'a date such as 2027-01-31, or a time ago such as 2h', text)
}

function wrong(part: string, expected: string, got: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', `${quote(part)} must be ${expected}, got ${describe(got)}`, {
    details: { path: part },
  })
}
