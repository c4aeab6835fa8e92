import { createRequire } from 'node:module'
import type * as Croner from 'croner'
import { DAY } from '../core/time-units.ts'
import type { SlotAfter } from './schedule.ts'
import type { Zone } from './zone.ts'

let loaded: typeof Croner | undefined

/** The calendar library, loaded on first use: intervals do not need it, and many programs use nothing else. */
export function croner(): typeof Croner {
  loaded ??= createRequire(import.meta.url)('croner') as typeof Croner
  return loaded
}

/**
 * The time that the clocks of a zone show, as the ms at which a clock in UTC shows the same. Where clocks are set back or
 * forward, some wall times occur twice and some never.
 */
export type WallTime = number

/** The wall time of a zone at an instant. */
export function wallTime(instant: number, zone: Zone): WallTime {
  const shown = new (croner().CronDate)(new Date(instant), zone)
  return Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute, shown.second, shown.ms)
}

/**
 * The instant at which the clocks of a zone show a wall time: the first if they show it twice, the end of the gap if they
 * leave it out.
 */
export function instantOf(wall: WallTime, zone: Zone): number {
  const earlier = wall - offset(wall - DAY, zone)
  if (wallTime(earlier, zone) === wall) return earlier
  const later = wall - offset(wall + DAY, zone)
  if (wallTime(later, zone) === wall) return later
  return firstShowing(wall, later, earlier, zone)
}

/** How far the clocks of a zone are ahead of UTC at an instant. */
function offset(instant: number, zone: Zone): number {
  return wallTime(instant, zone) - instant
}

/** The first instant in (`low`, `high`] whose clocks show `wall` or later; at `low` they do not, at `high` they do. */
function firstShowing(wall: WallTime, low: number, high: number, zone: Zone): number {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (wallTime(middle, zone) < wall) low = middle
    else high = middle
  }
  return high
}

/** Calendar rules cover the years of four digits: croner ends there, and `Date.UTC` reads two digits as 19xx. */
export const firstDay = new Date('1000-01-01').getTime()
export const lastDay = new Date('9999-12-30').getTime()

/** Restricts a rule to those years: it has no slots outside them. */
export function onCalendar(slotAfter: SlotAfter): SlotAfter {
  return (from, anchor) =>
    from > lastDay ? undefined : slotAfter(Math.max(from, firstDay), Math.max(anchor, firstDay))
}
