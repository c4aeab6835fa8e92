import type { Duration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { dayOfMonth, dayOfWeek, type MonthDay } from './calendar-day.ts'
import { describeRule, type Rule } from './rule.ts'
import { slotsOf } from './rule-slots.ts'
import { invalid, type Schedule, schedule } from './schedule.ts'
import { type LocalDate, parseEnd, parseLocalDate } from './start-and-end.ts'
import { parseTimeOfUnit, type Weekday, weekdayNames } from './units.ts'
import { checkZone } from './zone.ts'

/** A repeating schedule. Each method returns a new one. */
export interface Every extends Schedule {
  /**
   * The time within each day (`'10:30'`, `'10:30:15'`), hour (`':30'`, `'30:15'`) or minute (`':15'`).
   *
   * A time in the gap of a clock change is moved to its end; one that clocks show twice has a slot the first time.
   *
   * @param timezone An IANA name. Default: the agent's time zone, else the system's.
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for an invalid time or zone, and for a unit without times, such as
   *   seconds
   */
  at(time: string, timezone?: string): Every
  /**
   * The start: no slot is earlier, and units are counted from the first slot from there on. A Date, or a date with or
   * without a time, in the zone of the schedule unless it names its own. With `.from('2026-01-05')`,
   * `every(2).weeks.monday.at('9:00')` comes on the 5th of January and then every other Monday. Default: when the job was
   * first seen.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for an invalid date, or one after the end
   */
  from(start: Date | string): Every
  /**
   * The end: no slot is later. A Date, a date with or without a time, in the zone of the schedule unless it names its
   * own (`'2027-01-01 18:30'`, `'2027-01-01T18:30:00Z'`), a time of day (the first after the job was first seen or the
   * start), or a duration from then. Default: it never ends.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for an invalid end, or one before the start
   */
  until(end: Date | Duration): Every
}

/** Weeks: intervals of seven days; if a day of the week follows, weeks of the calendar. */
export type Weeks = Every & {
  /** On this day of each such week. */
  readonly [D in Weekday]: Every
}

/** Months of the calendar, which need a day. */
export interface Months {
  /**
   * The day of the month. A month without that day, such as February without a 30th, has no slot; each month has a
   * `'last'` day.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for any other day
   */
  on(day: MonthDay): Every
}

/** Makes the schedule of a rule. */
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

/** Makes weeks, which a day of the week may follow. */
export function weeks(rule: Rule): Weeks {
  const every = everySchedule(rule)
  for (const weekday of weekdayNames) {
    const get = (): Every => everySchedule({ ...fixed(rule, `weeks.${weekday}`), on: dayOfWeek(weekday) })
    Object.defineProperty(every, weekday, { get })
  }
  return every as Weeks
}

/** Makes months, which a day must follow. */
export function months(rule: Rule): Months {
  const refuse = (): never => {
    const code = countInCode(rule, 'month')
    throw invalid(`${code}: expected a day before all else: ${code}.on(1), .on('last') or .on('first monday')`)
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
  throw invalid(`the schedule ends before it begins: from ${start?.text} ${end.text}`)
}
