import { formatDuration, parseDuration } from '../core/duration.ts'
import { type Count, countOf, wholeNumber } from './count.ts'
import { type Every, everySchedule } from './every-schedule.ts'
import { weekday } from './units.ts'

/**
 * A schedule in words. Intervals have a fixed rate, counted from when the job was first seen, and a day is 24 hours;
 * days of the week, and whatever has an `.at`, go by the clocks of a time zone.
 *
 * @param count A whole number of at least 1 (the default), or a duration such as `'1h30m'`.
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` or `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * every(10).minutes
 * every('1h30m')
 * every(5).to(10).minutes
 * every().hour.at(':15')
 * every().monday.at('13:15', 'Europe/Amsterdam').until('2027-01-01')
 * ```
 */
export function every(count?: number): Count
export function every(duration: string): Every
export function every(count: number | string = 1): Count | Every {
  if (typeof count === 'string') {
    const ms = parseDuration(count, 'every')
    return everySchedule({ least: 1, most: 1, unit: { name: formatDuration(ms), ms } })
  }
  const whole = wholeNumber('every', count, 1)
  return countOf(whole, whole)
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
