import { parseDuration } from './duration.ts'
import { DAY, HOUR, MINUTE } from './time-units.ts'

/** A calendar day, or a time on it; without an offset it is in local time. */
const DATE =
  /^([1-9]\d{3})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/

/** A calendar day; `month` counts from 1. */
interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

/**
 * Parses a time as people write it, and returns ms since the epoch; undefined for anything but
 *
 * - `now`
 * - a time ago, such as `2h` or `1d12h`
 * - a day: `today`, `yesterday` or `2027-01-31`, for its first instant or, with `endOfDay`, its last
 * - a time: `2027-01-31 12:00`, `2027-01-31T12:00:30.5Z`, `2027-01-31 12:00 +0200`
 *
 * Without an offset, days and times are in the time zone of this process (`TZ`, else the system's). A day that does not
 * exist, such as 30 February, is undefined rather than another day.
 */
export function parseTime(
  text: string,
  now: number,
  { endOfDay = false }: { readonly endOfDay?: boolean } = {},
): number | undefined {
  if (text === 'now') return now
  if (text === 'today' || text === 'yesterday') return boundOf(dayOf(now, text === 'today' ? 0 : -1), endOfDay)
  const parts = DATE.exec(text)
  return parts === null ? ago(text, now) : instantOf(parts.slice(1), endOfDay)
}

function ago(text: string, now: number): number | undefined {
  try {
    return now - parseDuration(text, 'time ago', { min: 0 })
  } catch {
    return undefined
  }
}

function dayOf(now: number, offset: number): Day {
  const at = new Date(now)
  // Noon is on the same day, whatever change of the clocks happens at midnight.
  const noon = new Date(at.getFullYear(), at.getMonth(), at.getDate() + offset, 12)
  return { year: noon.getFullYear(), month: noon.getMonth() + 1, day: noon.getDate() }
}

function instantOf(parts: readonly (string | undefined)[], endOfDay: boolean): number | undefined {
  const numbers = parts.slice(0, 6).map((part) => (part === undefined ? undefined : Number(part)))
  const [year = 0, month = 0, day = 0, hour, minute = 0, second = 0] = numbers
  const date = { year, month, day }
  if (!isOnCalendar(date)) return undefined
  if (hour === undefined) return boundOf(date, endOfDay)
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Math.floor(Number(`0.${parts[6] ?? 0}`) * 1000)
  const offset = offsetOf(parts[7])
  if (offset === undefined) return local(date, new Date(year, month - 1, day, hour, minute, second, ms))
  return Math.abs(offset) < DAY ? Date.UTC(year, month - 1, day, hour, minute, second, ms) - offset : undefined
}

function isOnCalendar({ year, month, day }: Day): boolean {
  const at = new Date(Date.UTC(year, month - 1, day))
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day
}

/** The offset from UTC, in ms; undefined without one, NaN for one that no clock shows. */
function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text.toUpperCase() === 'Z') return 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(':', '') || 0)]
  return minutes > 59 ? Number.NaN : (text.startsWith('-') ? -1 : 1) * (hours * HOUR + minutes * MINUTE)
}

function boundOf({ year, month, day }: Day, end: boolean): number | undefined {
  const first = local({ year, month, day }, new Date(year, month - 1, day))
  // The next day may begin later than 24 h after this one, or sooner.
  return end && first !== undefined ? new Date(year, month - 1, day + 1).getTime() - 1 : first
}

// A zone that moves across the date line has no such day: Samoa skipped 30 December 2011.
function local({ month, day }: Day, at: Date): number | undefined {
  return at.getMonth() === month - 1 && at.getDate() === day ? at.getTime() : undefined
}
