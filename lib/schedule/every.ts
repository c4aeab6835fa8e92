import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import { type Count, countOf, wholeNumber } from './count.ts'
import { type Every, everySchedule } from './every-schedule.ts'
import { weekday } from './units.ts'

/**
 * A schedule in words. Intervals have a fixed rate, counted from when the job was first seen, and a day is 24 hours;
 * days of the week, and whatever has an `.at`, go by the clocks of a time zone.
 *
 * @param count A whole number of at least 1 (the default) of the unit that follows, or a duration: `'1h30m'`, or so many
 *   ms, from 1000.
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` or `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * every(10).minutes
 * every('1h30m')
 * every(90_000)
 * every(5).to(10).minutes
 * every().hour.at(':15')
 * every().monday.at('13:15', 'Europe/Amsterdam').until('2027-01-01')
 * ```
 */
export function every(count: number): Count & Every
export function every(count?: number): Count
export function every(duration: Duration): Every
export function every(count: Duration = 1): Count | Every {
  if (typeof count === 'string') return interval(parseDuration(count, 'every'))
  const whole = wholeNumber('every', count, 1)
  const units = countOf(whole, whole)
  if (whole < SHORTEST) return units
  return Object.defineProperties(interval(whole), Object.getOwnPropertyDescriptors(units))
}

/** A smaller number without a unit is most likely no number of ms, but lacks its unit: `every(5)` is refused by a job. */
const SHORTEST = 1000

function interval(ms: number): Every {
  return everySchedule({ least: 1, most: 1, unit: { name: formatDuration(ms), ms } })
}

/**
 * Mondays to Fridays, at the time at which the job was first seen or at another one.
 *
 * @example
 * ```ts
 * weekdays.at('9:00')
 * ```
 */
export const weekdays: Every = everySchedule({ least: 1, most: 1, unit: weekday })
