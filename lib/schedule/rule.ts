import type { CalendarDay } from './calendar-day.ts'
import type { End, LocalDate } from './start-and-end.ts'
import type { TimeOfUnit, Unit } from './units.ts'
import type { Zone } from './zone.ts'

/** What `every(…)` and the words after it have said. */
export interface Rule {
  /** How many units from one slot to the next: at least, at most. */
  readonly least: number
  readonly most: number
  readonly unit: Unit
  /** The day of each week or month, for those that are counted by the calendar. */
  readonly on?: CalendarDay
  readonly at?: TimeOfUnit
  readonly zone?: Zone
  /** What `.from` said: no slot is earlier, and units are counted from here. */
  readonly start?: LocalDate
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
