import type { CalendarDay } from './calendar-day.ts'
import type { End, LocalDate } from './start-and-end.ts'
import type { TimeOfUnit, Unit } from './units.ts'
import type { Zone } from './zone.ts'

/** A repeating schedule as data: `every(…)` and the words after it. */
export interface Rule {
  /** Minimum of units from one slot to the next. */
  readonly least: number
  /** Maximum of units from one slot to the next. */
  readonly most: number
  /** The unit that is counted. */
  readonly unit: Unit
  /** The day of each week or month, if those of the calendar are counted. */
  readonly on?: CalendarDay
  /** The time within the unit. */
  readonly at?: TimeOfUnit
  /** The time zone, if the schedule names one. */
  readonly zone?: Zone
  /** The start (`.from`): no slot is earlier, and units are counted from here. */
  readonly start?: LocalDate
  /** The end (`.until`): no slot is later. */
  readonly end?: End
}

/** A rule in words: `every monday at 13:15 Europe/Amsterdam until 2027-01-01`. */
export function describeRule({ least, most, unit, on, at, zone, start, end }: Rule): string {
  const count = least === most ? least : `${least} to ${most}`
  const words = [most === 1 ? `every ${unit.name}` : `every ${count} ${unit.name}s`]
  if (on !== undefined) words.push(`on ${on.text}`)
  if (at !== undefined) words.push(`at ${at.text}`)
  const byClocks = start?.local === true || (at ?? on ?? unit.weekday) !== undefined
  if (zone !== undefined && byClocks) words.push(zone)
  if (start !== undefined) words.push(`from ${start.text}`)
  if (end !== undefined) words.push(end.text)
  return words.join(' ')
}
