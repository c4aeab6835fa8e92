import type { Duration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { dayOfMonth, dayOfWeek, type MonthDay } from './calendar-day.ts'
import { describeRule, type Rule } from './rule.ts'
import { slotsOf } from './rule-slots.ts'
import { invalid, type Schedule, schedule } from './schedule.ts'
import { type LocalDate, parseEnd, parseLocalDate } from './start-and-end.ts'
import { parseTimeOfUnit, type Weekday, weekdayNames } from './units.ts'
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
   * The first instant at which it may come, and from which it counts: a Date, or a date with or without a time, in the zone
   * of the schedule unless it names its own. The first slot is the first one from there on: that of the 5th of January
   * for `every(2).weeks.monday.at('9:00').from('2026-01-05')`, and then every other Monday. Default: when the job was first
   * seen.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  from(start: Date | string): Every
  /**
   * The last instant at which it may come: a Date, a date with or without a time, in the zone of the schedule unless it
   * names its own (`'2027-01-01 18:30'`, `'2027-01-01T18:30:00Z'`), a time of day (the first after the job was first seen), or a duration from then.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  until(end: Date | Duration): Every
}

/** Weeks: an interval of seven days each, or by the calendar when a day of the week follows. */
export type Weeks = Every & { readonly [D in Weekday]: Every }

/** Months: they come by the calendar only, on a day. */
export interface Months {
  /**
   * The day of the month. A month that has no such day, as February has no 30th, has no slot: `'last'` is in every month.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  on(day: MonthDay): Every
}

/** The schedule that follows a rule. */
export function everySchedule(rule: Rule): Every {
  checkOrder(rule)
  const every: Every = {
    ...schedule('every', describeRule(rule), slotsOf(rule)),
    at(time, timezone) {
      const clock = rule.on === undefined ? rule.unit.clock : 'day'
      if (clock === undefined) throw noTime(rule)
      const timed = { ...rule, at: parseTimeOfUnit(clock, time) }
      return everySchedule(timezone === undefined ? timed : { ...timed, zone: checkZone(timezone) })
    },
    from: (start) => everySchedule({ ...rule, start: parseStart(start) }),
    until: (end) => everySchedule({ ...rule, end: parseEnd(end) }),
    inZone: (timezone) => (rule.zone === undefined ? everySchedule({ ...rule, zone: timezone }) : every),
  }
  return every
}

/** Weeks, which a day of the week may follow. */
export function weeks(rule: Rule): Weeks {
  const every = everySchedule(rule)
  for (const weekday of weekdayNames) {
    const get = (): Every => everySchedule({ ...fixed(rule, `weeks.${weekday}`), on: dayOfWeek(weekday) })
    Object.defineProperty(every, weekday, { get })
  }
  return every as Weeks
}

/** Months, which a day must follow. */
export function months(rule: Rule): Months {
  const refuse = (): never => {
    const said = countInCode(rule, 'month')
    throw invalid(`${said}: expected a day before all else: ${said}.on(1), .on('last') or .on('first monday')`)
  }
  const words: Months = { on: (day) => everySchedule({ ...fixed(rule, 'months.on(1)'), on: dayOfMonth(day) }) }
  return Object.assign(words, { at: refuse, from: refuse, until: refuse })
}

function fixed(rule: Rule, example: string): Rule {
  if (rule.least === rule.most) return rule
  throw invalid(`every(${rule.least}).to(${rule.most}).${example}: expected every(${rule.most}).${example}`)
}

function countInCode({ least }: Rule, unit: string): string {
  return least === 1 ? `every().${unit}` : `every(${least}).${unit}s`
}

function noTime(rule: Rule): Error {
  const example = rule.unit.name === 'week' ? `: write ${countInCode(rule, 'week')}.monday.at('10:30')` : ''
  return invalid(`at: expected minutes, hours, days or days of the week, got ${describeRule(rule)}${example}`)
}

function parseStart(start: Date | string): LocalDate {
  const date = typeof start === 'string' || start instanceof Date ? parseLocalDate(start, 'from') : undefined
  if (date !== undefined) return date
  throw invalid(
    `from: expected a Date or a local date such as '2026-01-05' or '2026-01-05 18:30', got ${describe(start)}`,
  )
}

function checkOrder({ start, end, zone }: Rule): void {
  const first = start?.instant(zone)
  if (first === undefined || end === undefined || end.last(first, zone) >= first) return
  throw invalid(`it ends before it begins: from ${start?.text} ${end.text}`)
}
