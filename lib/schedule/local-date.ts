import { instantOf, type WallTime } from './local-time.ts'
import { checkDate } from './schedule.ts'
import type { Zone } from './zone.ts'

/** A moment that a person wrote: a Date, or a date as the clocks of a zone show it. */
export interface LocalDate {
  readonly text: string
  /** Whether the instant depends on the zone of the schedule. */
  readonly local: boolean
  readonly instant: (zone: Zone) => number
}

const dates = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/**
 * Reads a Date, or a date with or without a time (`'2027-01-01 18:30'`), which is local unless it names its distance from
 * UTC (`'2027-01-01T18:30:00Z'`). Undefined for any other text.
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
  // Date.parse turns the 30th of February into the 2nd of March
  if (Number.isNaN(utc) || !new Date(wall).toISOString().startsWith(date)) return undefined
  const local = offset === undefined
  return { text: value, local, instant: (zone) => (local ? instantOf(wall, zone) : utc) }
}
