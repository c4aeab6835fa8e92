import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { modulo } from './interval.ts'
import { instantOf, wallTime } from './local-time.ts'
import { instant, invalid } from './schedule.ts'
import { intoUnit, isTimeOfDay, parseTimeOfUnit } from './time-of-unit.ts'
import type { Zone } from './zone.ts'

/** What `.until` said. */
export interface End {
  /** In words, as they stand at the end of a rule. */
  readonly text: string
  /** The last instant at which a slot may lie. */
  readonly last: (anchor: number, zone: Zone) => number
}

const DAY = 86_400_000

/** Reads what `.until` was given. */
export function parseEnd(end: Date | Duration): End {
  if (end instanceof Date) return atInstant(end)
  if (typeof end !== 'string') return afterDuration(end)
  if (isTimeOfDay(end)) return atTimeOfDay(end)
  return /^\d+-/.test(end) ? atDate(end) : afterDuration(end)
}

function atInstant(end: Date): End {
  const last = instant(end, 'until')
  return { text: `until ${end.toISOString()}`, last: () => last }
}

/** The first such time that is later than the anchor: a job that is first seen at 20:00 ends at 18:30 tomorrow. */
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

const dates = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** A date, perhaps with a time, as the clocks of the schedule's zone show it, unless it says how far it is from UTC. */
function atDate(text: string): End {
  const [, date = '', time = '00:00', offset] = dates.exec(text) ?? []
  const wall = Date.parse(`${date}T${time}Z`)
  const utc = Date.parse(`${date}T${time}${offset ?? 'Z'}`)
  // Date.parse turns the 30th of February into the 2nd of March
  if (Number.isNaN(utc) || !new Date(wall).toISOString().startsWith(date)) throw refusal(text)
  return { text: `until ${text}`, last: (_anchor, zone) => (offset === undefined ? instantOf(wall, zone) : utc) }
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
