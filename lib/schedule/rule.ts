import type { End } from './end.ts'
import type { TimeOfUnit } from './time-of-unit.ts'
import type { Unit } from './units.ts'
import type { Zone } from './zone.ts'

/** What `every(…)` and the words after it have said. */
export interface Rule {
  /** How many units from one slot to the next: at least, at most. */
  readonly least: number
  readonly most: number
  readonly unit: Unit
  readonly at?: TimeOfUnit
  readonly zone?: Zone
  readonly end?: End
}

/** A rule in words: `every monday at 13:15 Europe/Amsterdam until 2027-01-01`. */
export function describeRule({ least, most, unit, at, zone, end }: Rule): string {
  const count = least === most ? least : `${least} to ${most}`
  const words = [most === 1 ? `every ${unit.name}` : `every ${count} ${unit.name}s`]
  if (at !== undefined) words.push(`at ${at.text}`)
  if (zone !== undefined && (at ?? unit.weekday) !== undefined) words.push(zone)
  if (end !== undefined) words.push(end.text)
  return words.join(' ')
}
