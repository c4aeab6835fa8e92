import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { DAY } from '../core/time-units.ts'
import { modulo } from './interval.ts'
import { instantOf, type WallTime, wallTime } from './local-time.ts'
import { checkDate, invalid } from './schedule.ts'
import { intoUnit, isTimeOfDay, parseTimeOfUnit } from './units.ts'
import type { Zone } from './zone.ts'

/** A Date, or a date as the clocks of a zone show it. */
export interface LocalDate {
  /** In words. */
  readonly text: string
  /** Whether the instant depends on the zone of the schedule. */
  readonly local: boolean
  /** The instant in a zone, in ms since the epoch. */
  readonly instant: (zone: Zone) => number
}

const dates = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/**
 * Reads a Date, or a date with or without a time (`'2027-01-01 18:30'`), which is local unless it has an offset from UTC
 * (`'2027-01-01T18:30:00Z'`). Undefined for any other text.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for an invalid Date
 */
export function parseLocalDate(value: Date | string, what: string): LocalDate | undefined {
  if (value instanceof Date) {
    const ms = checkDate(value, what)
    return { text: value.toISOString(), local: false, instant: () => ms }
  }
  const [, date = '', time = '00:00', offset] = dates.exec(value) ?? []
  const wall: WallTime = Date.parse(`${date}T${time}Z`)
  const utc = Date.parse(`${date}T${time}${offset ?? 'Z'}`)
  // `Date.parse` turns the 30th of February into the 2nd of March.
  if (Number.isNaN(utc) || !new Date(wall).toISOString().startsWith(date)) return undefined
  const local = offset === undefined
  return { text: value, local, instant: (zone) => (local ? instantOf(wall, zone) : utc) }
}

/** The end of a schedule (`.until`). */
export interface End {
  /** In words, as they follow the other words of a rule. */
  readonly text: string
  /** The last instant at which a slot may lie. */
  readonly last: (anchor: number, zone: Zone) => number
}

/** Parses the argument of `.until`. */
export function parseEnd(end: Date | Duration): End {
  if (typeof end === 'string' && isTimeOfDay(end)) return atTimeOfDay(end)
  const isDate = end instanceof Date || (typeof end === 'string' && /^\d+-/.test(end))
  return isDate ? atDate(end) : afterDuration(end)
}

function atDate(end: Date | string): End {
  const date = parseLocalDate(end, 'until')
  if (date === undefined) throw refusal(end)
  return { text: `until ${date.text}`, last: (_anchor, zone) => date.instant(zone) }
}

// The first such time after the anchor: a job first seen at 20:00 ends at 18:30 tomorrow.
function atTimeOfDay(text: string): End {
  const time = parseTimeOfUnit('day', text)
  const last = (anchor: number, zone: Zone): number => {
    const wall = wallTime(anchor, zone)
    const end = wall - modulo(wall, DAY) + intoUnit(time)
    const today = instantOf(end, zone)
    return today > anchor ? today : instantOf(end + DAY, zone)
  }
  return { text: `until ${time.text}`, last }
}

function afterDuration(duration: Duration): End {
  try {
    const length = parseDuration(duration, 'until')
    return { text: `for ${formatDuration(length)}`, last: (anchor) => anchor + length }
  } catch (cause) {
    throw refusal(duration, cause)
  }
}

function refusal(end: unknown, cause?: unknown): Error {
  const expected = "a Date, a local date such as '2027-01-01 18:30', a time of day or a duration such as '8h'"
  return invalid(`until: expected ${expected}, got ${describe(end)}`, cause)
}
