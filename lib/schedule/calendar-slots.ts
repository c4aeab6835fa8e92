import type { CalendarDay } from './calendar-day.ts'
import { modulo } from './interval.ts'
import { firstDay, instantOf, lastDay, wallTime } from './local-time.ts'
import type { Rule } from './rule.ts'
import type { SlotAfter } from './schedule.ts'
import { intoUnit } from './time-of-unit.ts'

const DAY = 86_400_000

/**
 * `every(2).weeks.monday`, `every().month.on('last')`: the first such day from the start on, and then every nth week or
 * month from there. Without a start, that is when the job was first seen; without a time of day, it is that of the start.
 */
export function calendarSlots({ least, at, zone, start }: Rule, on: CalendarDay): SlotAfter {
  const lastUnit = on.unitOf(lastDay)
  return (from, anchor) => {
    const earliest = Math.max(start?.instant(zone) ?? anchor + 1, firstDay)
    if (earliest > lastDay) return undefined
    const begin = wallTime(earliest, zone)
    const time = at === undefined ? Math.floor(modulo(begin, DAY) / 1000) * 1000 : intoUnit(at)
    const slotOf = (unit: number): number | undefined => {
      const day = on.dayOf(unit)
      return day === undefined ? undefined : instantOf(day + time, zone)
    }
    /** The first unit, in steps, with a slot at an instant or later. Months may have to be left out. */
    const unitAt = (unit: number, step: number, instant: number): number | undefined => {
      for (let each = unit; each <= lastUnit; each += step) if ((slotOf(each) ?? -Infinity) >= instant) return each
      return undefined
    }
    const first = unitAt(on.unitOf(begin), 1, earliest)
    if (first === undefined) return undefined
    const steps = Math.ceil((on.unitOf(wallTime(from, zone)) - first) / least)
    const unit = unitAt(first + Math.max(0, steps) * least, least, from + 1)
    return unit === undefined ? undefined : slotOf(unit)
  }
}
