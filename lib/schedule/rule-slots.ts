import { everyDaysAt, everyUnitAt, everyUnitsAt, everyWeekday } from './at-slots.ts'
import { nextMark } from './interval.ts'
import { onCalendar } from './local-time.ts'
import type { Rule } from './rule.ts'
import type { SlotAfter } from './schedule.ts'

/** The slots of a rule, up to its end. */
export function slotsOf(rule: Rule): SlotAfter {
  const { end, zone } = rule
  const slots = endlessSlots(rule)
  if (end === undefined) return slots
  return (from, anchor) => {
    const slot = slots(from, anchor)
    return slot === undefined || slot > end.last(anchor, zone) ? undefined : slot
  }
}

function endlessSlots(rule: Rule): SlotAfter {
  const { least, most, unit, at } = rule
  if (unit.weekday !== undefined) return onCalendar(everyWeekday(rule, unit.weekday))
  if (at === undefined) return (from, anchor) => nextMark(from, anchor, least * unit.ms, most * unit.ms)
  if (most === 1) return onCalendar(everyUnitAt(rule, at))
  return onCalendar(unit.clock === 'day' ? everyDaysAt(rule, at) : everyUnitsAt(rule, at))
}
