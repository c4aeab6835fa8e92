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
  return /^\d+-/.test(end) ? atLocalDate(end) : afterDuration(end)
}

function atInstant(end: Date): End {
  const last = instant(end)
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

/** A date, perhaps with a time, as the clocks of the schedule's zone show it. */
function atLocalDate(text: string): End {
  const wall = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/.test(text) ? Date.parse(withTime(text)) : Number.NaN
  // Date.parse turns the 30th of February into the 2nd of March
  if (Number.isNaN(wall) || !new Date(wall).toISOString().startsWith(text.slice(0, 10))) throw refusal(text)
  return { text: `until ${text}`, last: (_anchor, zone) => instantOf(wall, zone) }
}

function withTime(text: string): string {
  return text.length === 10 ? text : `${text.replace(' ', 'T')}Z`
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
