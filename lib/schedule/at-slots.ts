import { firstAfter, modulo, step } from './interval.ts'
import { instantOf, wallTime } from './local-time.ts'
import { pattern, patternWhenAsked } from './pattern.ts'
import type { Rule } from './rule.ts'
import type { SlotAfter } from './schedule.ts'
import { intoUnit, type TimeOfUnit } from './time-of-unit.ts'

/** `every().hour.at(':15')`: whenever clocks show that time, also in the unit in which the job was first seen. */
export function everyUnitAt({ zone }: Rule, at: TimeOfUnit): SlotAfter {
  return patternWhenAsked(cronOf(at), zone)
}

/** `every().monday`: at its time of day, or without one at that of the anchor. */
export function everyWeekday({ at, zone }: Rule, weekday: string): SlotAfter {
  if (at !== undefined) return patternWhenAsked(cronOf(at, weekday), zone)
  return (from, anchor) => {
    const seen = new Date(wallTime(anchor, zone))
    const time = { hour: seen.getUTCHours(), minute: seen.getUTCMinutes(), second: seen.getUTCSeconds() }
    return pattern(cronOf(time, weekday), zone)(from)
  }
}

/** `every(3).days.at('10:30')`: local days, however long, counted from the anchor's. */
export function everyDaysAt(rule: Rule, at: TimeOfUnit): SlotAfter {
  const { unit, zone } = rule
  return (from, anchor) => {
    const seen = wallTime(anchor, zone)
    const day = seen - modulo(seen, unit.ms)
    const slotOf = (k: number): number => instantOf(day + unitsTo(k, rule, anchor) * unit.ms + intoUnit(at), zone)
    return firstAfter(from, anchor, meanOf(rule), slotOf)
  }
}

/** `every(3).hours.at(':15')`: counted from the start of the anchor's hour; the time is the first one from there. */
export function everyUnitsAt(rule: Rule, at: TimeOfUnit): SlotAfter {
  const { unit, zone } = rule
  const moment = patternWhenAsked(cronOf(at), zone)
  return (from, anchor) => {
    const start = anchor - modulo(wallTime(anchor, zone), unit.ms)
    const slotOf = (k: number): number =>
      moment(start + unitsTo(k, rule, anchor) * unit.ms - 1) ?? Number.POSITIVE_INFINITY
    return firstAfter(from, anchor, meanOf(rule), slotOf)
  }
}

/** Whole units from the anchor's to that of slot `k`. Steps are counted in halves, because their mean may be one. */
function unitsTo(k: number, { least, most }: Rule, anchor: number): number {
  return Math.floor(step(k, 2 * least, 2 * most, anchor) / 2)
}

function meanOf({ least, most, unit }: Rule): number {
  return ((least + most) / 2) * unit.ms
}

function cronOf({ hour, minute, second }: Omit<TimeOfUnit, 'text'>, weekday = '*'): string {
  return `${second} ${minute ?? '*'} ${hour ?? '*'} * * ${weekday}`
}
