import type { Duration } from '../core/duration.ts'
import { parseEnd } from './end.ts'
import { describeRule, type Rule } from './rule.ts'
import { slotsOf } from './rule-slots.ts'
import { invalid, type Schedule, schedule } from './schedule.ts'
import { parseTimeOfUnit } from './time-of-unit.ts'
import { checkZone } from './zone.ts'

/** A schedule that comes again and again. Each of its methods answers with a new one. */
export interface Every extends Schedule {
  /**
   * The time within each day (`'10:30'`, `'10:30:15'`), hour (`':30'`, `'30:15'`) or minute (`':15'`).
   *
   * A time of day that the clocks leave out happens when they go on; one that they show twice, only the first time.
   *
   * @param timezone An IANA name. Default: the agent's time zone, else the system's.
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  at(time: string, timezone?: string): Every
  /**
   * The last instant at which it may come: a Date, a date with or without a time, in the zone of the schedule unless it
   * names its own (`'2027-01-01 18:30'`, `'2027-01-01T18:30:00Z'`), a time of day (the first after the job was first seen), or a duration from then.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  until(end: Date | Duration): Every
}

/** The schedule that follows a rule. */
export function everySchedule(rule: Rule): Every {
  const every: Every = {
    ...schedule('every', describeRule(rule), slotsOf(rule)),
    at(time, timezone) {
      const { clock } = rule.unit
      if (clock === undefined) throw invalid(`at: expected minutes, hours, days or days of the week, got ${every}`)
      const timed = { ...rule, at: parseTimeOfUnit(clock, time) }
      return everySchedule(timezone === undefined ? timed : { ...timed, zone: checkZone(timezone) })
    },
    until: (end) => everySchedule({ ...rule, end: parseEnd(end) }),
    inZone: (timezone) => (rule.zone === undefined ? everySchedule({ ...rule, zone: timezone }) : every),
  }
  return every
}
