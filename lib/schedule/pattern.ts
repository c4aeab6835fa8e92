import type { Cron, CronOptions } from 'croner'
import { DAY } from '../core/time-units.ts'
import { readBeforeLast } from './cron-spelling.ts'
import { croner, instantOf, type WallTime, wallTime } from './local-time.ts'
import type { Zone } from './zone.ts'

/** The first slot of a cron pattern later than an instant. */
export type PatternSlot = (from: number) => number | undefined

/** Makes `30 2,14 * * *` two fixed times a day, as in Linux cron; by default croner takes only a single one as fixed. */
const fixedTimeRule = 'no-wildcard'

/**
 * A cron pattern in a zone. If neither its seconds, minutes nor hours have a wildcard or a step, its times are fixed: one
 * that clocks show twice has one slot, and one in a gap has its slot at the end of the gap. All other patterns follow the
 * clocks: twice, or not at all.
 *
 * croner reads the patterns. It would drop a fixed time whose gap ends on the next day (23:30 in Nuuk, each March), so
 * fixed times are looked up on the wall clock first, then in the zone.
 *
 * @throws the error of croner if it can't read the pattern
 */
export function pattern(expression: string, zone: Zone): PatternSlot {
  const { Cron, CronPattern } = croner()
  const { pattern: readable = expression, days } = readBeforeLast(expression) ?? {}
  const comes = (wall: WallTime): boolean => days === undefined || daysBeforeLast(wall) === days
  const options: CronOptions = { paused: true, fixedTimeRule }
  if (new CronPattern(readable, undefined, { fixedTimeRule }).isFixedTime) {
    const walls = new Cron(readable, { ...options, timezone: 'UTC' })
    return (from) => fixedSlot(walls, comes, from, zone)
  }
  const slots = new Cron(readable, zone === undefined ? options : { ...options, timezone: zone })
  return (from) => {
    let slot = slots.nextRun(new Date(from))
    while (slot !== null && !comes(wallTime(slot.getTime(), zone))) {
      const tomorrow = instantOf(nextDay(wallTime(slot.getTime(), zone)), zone)
      slot = slots.nextRun(new Date(tomorrow - 1))
    }
    return slot?.getTime()
  }
}

function fixedSlot(walls: Cron, comes: (wall: WallTime) => boolean, from: number, zone: Zone): number | undefined {
  let wall = walls.nextRun(new Date(wallTime(from, zone)))
  while (wall !== null) {
    const shown = wall.getTime()
    const slot = comes(shown) ? instantOf(shown, zone) : Number.NEGATIVE_INFINITY
    if (slot > from) return slot
    // `from` lies in a repeated hour, and this wall time was shown the first time.
    wall = walls.nextRun(comes(shown) ? wall : new Date(nextDay(shown) - 1))
  }
  return undefined
}

function daysBeforeLast(wall: WallTime): number {
  const date = new Date(wall)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate() - date.getUTCDate()
}

function nextDay(wall: WallTime): WallTime {
  return (Math.floor(wall / DAY) + 1) * DAY
}

/** A valid pattern, parsed on first use: the calendar library is not loaded before. */
export function patternWhenAsked(expression: string, zone: Zone): PatternSlot {
  let slots: PatternSlot | undefined
  return (from) => {
    slots ??= pattern(expression, zone)
    return slots(from)
  }
}
