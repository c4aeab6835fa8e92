import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import { DAY } from '../core/time-units.ts'
import { type Every, everySchedule, type Months, months, type Weeks, weeks } from './every-schedule.ts'
import { invalid, wholeNumber } from './schedule.ts'
import { countable, single, type Unit, weekday } from './units.ts'

/**
 * A schedule in words. Intervals have a fixed rate, counted from when the job was first seen; a day has 24 hours. Days of
 * the week, and schedules with an `.at`, follow the clocks of a time zone.
 *
 * @param count A whole number of at least 1 (the default) of the unit that follows, or a duration: words such as
 *   `'1h30m'`, or milliseconds from 1000.
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

/** A smaller number without a unit most likely lacks its unit: `job()` rejects `every(5)`. */
const SHORTEST = 1000

function interval(ms: number): Every {
  return everySchedule({ least: 1, most: 1, unit: { name: formatDuration(ms), ms } })
}

/**
 * Mondays to Fridays, at the time of day at which the job was first seen, unless `.at` says another.
 *
 * @example
 * ```ts
 * weekdays.at('9:00')
 * ```
 */
export const weekdays: Every = everySchedule({ least: 1, most: 1, unit: weekday })

type Interval = Exclude<keyof typeof countable, 'week' | 'month'>

/** A count that needs its unit: `every(2)` becomes a schedule with `.seconds`. */
export type Count = {
  /** This many of the unit. Days of the week, and units in the singular, need a count of 1. */
  readonly [U in Interval | `${Interval}s` | keyof typeof single]: Every
} & {
  /** Each week. */
  readonly week: Weeks
  /** This many weeks. */
  readonly weeks: Weeks
  /** Each month. */
  readonly month: Months
  /** This many months. */
  readonly months: Months
  /**
   * Gaps that vary at random, from the count of `every` to `latest`: by milliseconds, or by whole units if `.at` follows.
   * Each is drawn from a hash of the slot before, so a restart gives the same slots (decision 0014).
   *
   * @param latest A whole number of units, not less than the count of `every`.
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  to(latest: number): Count
}

/** Longer periods would soon exceed what a Date can represent. */
const LONGEST = 1_000 * 366 * DAY

/** From `least` to `most` of the unit that follows. */
function countOf(least: number, most: number): Count {
  const count = { to: (latest: number): Count => countOf(least, wholeNumber('to', latest, least)) }
  const define = (name: string, unit: Unit, plural: string | undefined): void => {
    const get = (): Every | Months => {
      if (most > 1 && plural !== name) throw onlyOne(least, most, name, plural)
      if (most * unit.ms > LONGEST) throw invalid(`every(${most}).${name}: expected at most 1000 years`)
      const made = unit === countable.week ? weeks : unit === countable.month ? months : everySchedule
      return made({ least, most, unit })
    }
    Object.defineProperty(count, name, { get })
  }
  for (const unit of Object.values(countable)) {
    const plural = `${unit.name}s`
    define(unit.name, unit, plural)
    define(plural, unit, plural)
  }
  for (const unit of Object.values(single)) define(unit.name, unit, undefined)
  return count as Count
}

function onlyOne(least: number, most: number, name: string, plural: string | undefined): Error {
  const code = least === most ? `every(${least})` : `every(${least}).to(${most})`
  const weekly = least === most ? `${code}.weeks.${name}` : `every().${name}`
  return invalid(`${code}.${name}: expected ${plural === undefined ? weekly : `${code}.${plural}`}`)
}
