import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { modulo } from './interval.ts'
import { parseLocalDate } from './local-date.ts'
import { instantOf, wallTime } from './local-time.ts'
import { invalid } from './schedule.ts'
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
  if (typeof end === 'string' && isTimeOfDay(end)) return atTimeOfDay(end)
  const isDate = end instanceof Date || (typeof end === 'string' && /^\d+-/.test(end))
  return isDate ? atDate(end) : afterDuration(end)
}

function atDate(end: Date | string): End {
  const date = parseLocalDate(end, 'until')
  if (date === undefined) throw refusal(end)
  return { text: `until ${date.text}`, last: (_anchor, zone) => date.instant(zone) }
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
