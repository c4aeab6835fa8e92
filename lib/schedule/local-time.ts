import { createRequire } from 'node:module'
import type * as Croner from 'croner'
import { DAY } from '../core/time-units.ts'
import type { SlotAfter } from './schedule.ts'
import type { Zone } from './zone.ts'

let loaded: typeof Croner | undefined

/** The calendar library, loaded when first needed: intervals work without, and many programs have nothing else. */
export function croner(): typeof Croner {
  loaded ??= createRequire(import.meta.url)('croner') as typeof Croner
  return loaded
}

/**
 * A wall time is what the clocks of a zone show, as the milliseconds at which a clock in UTC shows the same. Unlike
 * instants, some wall times come twice and some never, where clocks are set back or forward.
 */
export type WallTime = number

/** What the clocks of a zone show at an instant. */
export function wallTime(instant: number, zone: Zone): WallTime {
  const shown = new (croner().CronDate)(new Date(instant), zone)
  return Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute, shown.second, shown.ms)
}

/**
 * When the clocks of a zone show a wall time: the first time if they show it twice, and the end of the gap if they
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

/** The calendar has the years of four digits: croner ends there, and Date.UTC reads those of two in its own way. */
export const firstDay = new Date('1000-01-01').getTime()
export const lastDay = new Date('9999-12-30').getTime()

/** Keeps a rule that needs the calendar within it. It has no slots before it, and none after it. */
export function onCalendar(slotAfter: SlotAfter): SlotAfter {
  return (from, anchor) =>
    from > lastDay ? undefined : slotAfter(Math.max(from, firstDay), Math.max(anchor, firstDay))
}
