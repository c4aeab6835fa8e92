import { DAY } from '../core/time-units.ts'
import type { CalendarDay } from './calendar-day.ts'
import { modulo, nextMark } from './interval.ts'
import { firstDay, instantOf, lastDay, onCalendar, wallTime } from './local-time.ts'
import { pattern, patternWhenAsked } from './pattern.ts'
import type { Rule } from './rule.ts'
import type { SlotAfter } from './schedule.ts'
import { intoUnit, type TimeOfUnit } from './units.ts'

/** The slots of a rule, from its start to its end. */
export function slotsOf(rule: Rule): SlotAfter {
  const { start, end, zone } = rule
  const slots = startedSlots(rule)
  if (end === undefined) return slots
  return (from, anchor) => {
    const slot = slots(from, anchor)
    const began = Math.max(anchor, start?.instant(zone) ?? anchor)
    return slot === undefined || slot > end.last(began, zone) ? undefined : slot
  }
}

// Units are counted from the first slot at the start or later, which is a slot itself.
function startedSlots(rule: Rule): SlotAfter {
  const { start, most, unit, at, on, zone } = rule
  if (on !== undefined) return onCalendar(calendarSlots(rule, on))
  const slots = endlessSlots(rule)
  if (start === undefined) return slots
  const counts = unit.weekday === undefined && (at === undefined || most > 1)
  return (from) => {
    const earliest = start.instant(zone)
    if (!counts) return slots(Math.max(from, earliest - 1), earliest)
    const first = at === undefined ? earliest : onCalendar(everyUnitAt(rule, at))(earliest - 1, earliest)
    return first === undefined || from < first ? first : slots(from, first)
  }
}

function endlessSlots(rule: Rule): SlotAfter {
  const { least, most, unit, at } = rule
  if (unit.weekday !== undefined) return onCalendar(everyWeekday(rule, unit.weekday))
  if (at === undefined) return (from, anchor) => nextMark(from, anchor, least * unit.ms, most * unit.ms)
  if (most === 1) return onCalendar(everyUnitAt(rule, at))
  return onCalendar(unit.clock === 'day' ? everyDaysAt(rule, at) : everyUnitsAt(rule, at))
}

/** `every().hour.at(':15')`: each time clocks show it, also within the unit in which the job was first seen. */
function everyUnitAt({ zone }: Rule, at: TimeOfUnit): SlotAfter {
  return patternWhenAsked(cronOf(at), zone)
}

/** `every().monday`: at its time of day; without one, at that of the anchor. */
function everyWeekday({ at, zone }: Rule, weekday: string): SlotAfter {
  if (at !== undefined) return patternWhenAsked(cronOf(at, weekday), zone)
  return (from, anchor) => {
    const seen = new Date(wallTime(anchor, zone))
    const time = { hour: seen.getUTCHours(), minute: seen.getUTCMinutes(), second: seen.getUTCSeconds() }
    return pattern(cronOf(time, weekday), zone)(from)
  }
}

/** `every(3).days.at('10:30')`: local days of any length, counted from the day of the anchor. */
function everyDaysAt(rule: Rule, at: TimeOfUnit): SlotAfter {
  const { unit, zone } = rule
  const dayOf = (instant: number): number => Math.floor(wallTime(instant, zone) / unit.ms)
  const slotOf = (day: number): number => instantOf(day * unit.ms + intoUnit(at), zone)
  return (from, anchor) => firstAfter(from, dayOf(from), dayOf(anchor), rule, slotOf)
}

/** `every(3).hours.at(':15')`: hours counted from the start of the anchor's hour; the first such time from each start. */
function everyUnitsAt(rule: Rule, at: TimeOfUnit): SlotAfter {
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
 * The first slot later than `from`, which lies in unit `now`; units are counted from that of the anchor. A slot is less
 * than two units after the start of its unit: less than one for its time within the unit, and an hour if clocks skip one.
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

/**
 * `every(2).weeks.monday`, `every().month.on('last')`: the first such day from the start on, then every nth week or month
 * (decision 0048). The start defaults to when the job was first seen, the time of day to that of the start.
 */
function calendarSlots({ least, at, zone, start }: Rule, on: CalendarDay): SlotAfter {
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
    // The first unit, in steps, with a slot at an instant or later. Months without such a day are left out.
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
