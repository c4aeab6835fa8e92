import { everyDaysAt, everyUnitAt, everyUnitsAt, everyWeekday } from './at-slots.ts'
import { calendarSlots } from './calendar-slots.ts'
import { nextMark } from './interval.ts'
import { onCalendar } from './local-time.ts'
import type { Rule } from './rule.ts'
import type { SlotAfter } from './schedule.ts'

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

/** Units are counted from the first slot at the start or later, which is a slot itself. */
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
