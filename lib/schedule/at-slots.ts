import { modulo, nextMark } from './interval.ts'
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
  const dayOf = (instant: number): number => Math.floor(wallTime(instant, zone) / unit.ms)
  const slotOf = (day: number): number => instantOf(day * unit.ms + intoUnit(at), zone)
  return (from, anchor) => firstAfter(from, dayOf(from), dayOf(anchor), rule, slotOf)
}

/** `every(3).hours.at(':15')`: counted from the start of the anchor's hour; the time is the first one from there. */
export function everyUnitsAt(rule: Rule, at: TimeOfUnit): SlotAfter {
  const { unit, zone } = rule
  const moment = patternWhenAsked(cronOf(at), zone)
  return (from, anchor) => {
    const start = anchor - modulo(wallTime(anchor, zone), unit.ms)
    const shift = modulo(start, unit.ms)
    const unitOf = (instant: number): number => Math.floor((instant - shift) / unit.ms)
    const slotOf = (k: number): number => moment(k * unit.ms + shift - 1) ?? Number.POSITIVE_INFINITY
    return firstAfter(from, unitOf(from), unitOf(anchor), rule, slotOf)
  }
}

/**
 * The first slot later than `from`, which lies in unit `now`; units are counted from that of the anchor. No slot is late
 * by two units: by less than one for its time within the unit, and by an hour that clocks leave out.
 */
function firstAfter(from: number, now: number, seen: number, rule: Rule, slotOf: (unit: number) => number): number {
  const { least, most } = rule
  let unit = nextMark(Math.max(seen, now - 2), seen, least, most)
  while (slotOf(unit) <= from) unit = nextMark(unit, seen, least, most)
  return slotOf(unit)
}

function cronOf({ hour, minute, second }: Omit<TimeOfUnit, 'text'>, weekday = '*'): string {
  return `${second} ${minute ?? '*'} ${hour ?? '*'} * * ${weekday}`
}
