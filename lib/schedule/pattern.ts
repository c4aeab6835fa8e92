import type { Cron, CronOptions } from 'croner'
import { DAY } from '../core/time-units.ts'
import { readBeforeLast } from './cron-spelling.ts'
import { croner, instantOf, type WallTime, wallTime } from './local-time.ts'
import type { Zone } from './zone.ts'

/** The first slot of a cron pattern later than an instant. */
export type PatternSlot = (from: number) => number | undefined

/** `30 2,14 * * *` is two fixed times a day, as for the cron of Linux: croner alone would call only one so. */
const fixedTimeRule = 'no-wildcard'

/**
 * A cron pattern in a zone. Its seconds, minutes and hours are fixed times if none of them has a wildcard or a step: a
 * fixed time that comes twice, where clocks are set back, is taken once, and one that never comes, where they are set
 * forward, happens at the end of that gap. All other patterns go by what clocks show: twice or not at all.
 *
 * croner reads the patterns. It would drop a fixed time whose gap ends on the next day (23:30 in Nuuk, each March), so
 * fixed times are looked up on the wall clock first and in the zone afterwards.
 *
 * @throws what croner throws when it can not read the pattern
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
    // `from` lies in a repeated hour, and this wall time was there the first time
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

/** A pattern that is known to be right, read when it is first asked: until then nobody needs the calendar library. */
export function patternWhenAsked(expression: string, zone: Zone): PatternSlot {
  let slots: PatternSlot | undefined
  return (from) => {
    slots ??= pattern(expression, zone)
    return slots(from)
  }
}
