/*
 * Recurrence rules (RFC 5545, 3.3.10) on the clock on the wall: an instant here is the ms that the wall clock would show
 * in UTC, and zones come later. We expand rules ourselves (decision 0053), because the iterator of ical.js never returns
 * for some valid rules (BYSETPOS=50, 30 February) and cannot start in the middle of an old one.
 *
 *      period      0        1        2            interval 2: every other one
 *      days        ▏M T W T F S S▕ …              all days of the period that pass the BY parts
 *      times       ▏09:00 17:00▕                  of each day
 *      set         positions of days × times      BYSETPOS
 */

/** How often a rule recurs. */
export type Frequency = 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY' | 'MINUTELY' | 'SECONDLY'

/** A weekday, 0 for Monday, or the n-th one of the month or year; from the end if n is negative. */
export interface Weekday {
  readonly day: number
  readonly n: number | undefined
}

/** A rule; lists that are empty do not restrict. */
export interface Rule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | undefined
  /** The first day of the week, 0 for Monday. */
  readonly weekStart: number
  readonly months: readonly number[]
  readonly weeks: readonly number[]
  readonly yearDays: readonly number[]
  readonly monthDays: readonly number[]
  readonly weekdays: readonly Weekday[]
  readonly hours: readonly number[]
  readonly minutes: readonly number[]
  readonly seconds: readonly number[]
  readonly positions: readonly number[]
}

/** How much may be computed, in days and times; it counts down. */
export interface Budget {
  left: number
}

/** A rule has spent its budget: it recurs too often, or it has no occurrence that can be found in time. */
export class BudgetSpent extends Error {}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The periods of fixed length, in ms. */
const LENGTHS: Readonly<Partial<Record<Frequency, number>>> = {
  WEEKLY: 7 * DAY,
  DAILY: DAY,
  HOURLY: HOUR,
  MINUTELY: MINUTE,
  SECONDLY: SECOND,
}

/**
 * The occurrences of a rule that begins at `start`, rising, at most up to `to`. Without a count, those before `from` are
 * skipped by arithmetic, so the age of a rule does not matter.
 *
 * @throws BudgetSpent
 */
export function* occurrences(given: Rule, start: number, from: number, to: number, budget: Budget): Generator<number> {
  const rule = withDefaults(given, start)
  let left = rule.count ?? Number.POSITIVE_INFINITY
  const first = rule.count === undefined ? periodBefore(rule, start, from) : 0
  for (let period = first; ; period += rule.interval) {
    const { begin, days, times } = periodOf(rule, start, period)
    // NaN is behind all time.
    if (!(begin <= to) || left <= 0) return
    budget.left -= days.length + 1
    const set = days.filter((day) => fits(rule, day)).flatMap((day) => times.map((time) => day + time))
    budget.left -= set.length
    if (budget.left < 0) throw new BudgetSpent()
    for (const one of positioned(rule, set)) {
      if (one < start) continue
      if (one > to || left <= 0) return
      left--
      if (one >= from) yield one
    }
  }
}

/** What the start says and the rule leaves open. */
function withDefaults(rule: Rule, start: number): Rule {
  const { frequency } = rule
  const date = new Date(start)
  const open = [rule.weeks, rule.yearDays, rule.monthDays, rule.weekdays].every((part) => part.length === 0)
  const weekday = { day: weekdayOf(start), n: undefined }
  const monthly = open && (frequency === 'YEARLY' || frequency === 'MONTHLY')
  const ofWeek = (open && frequency === 'WEEKLY') || (rule.weeks.length > 0 && rule.weekdays.length === 0)
  return {
    ...rule,
    months: open && frequency === 'YEARLY' && rule.months.length === 0 ? [date.getUTCMonth() + 1] : rule.months,
    monthDays: monthly ? [date.getUTCDate()] : rule.monthDays,
    weekdays: ofWeek ? [weekday] : rule.weekdays,
  }
}

/** The last period of the rule that begins before `from`, counted from the period of the start. */
function periodBefore({ frequency, interval }: Rule, start: number, from: number): number {
  if (from <= start) return 0
  const length = LENGTHS[frequency] ?? (frequency === 'YEARLY' ? 366 * DAY : 31 * DAY)
  const periods = Math.floor((from - start) / length) - 1
  return Math.max(0, Math.floor(periods / interval) * interval)
}

interface Period {
  readonly begin: number
  /** Midnights of its days. */
  readonly days: readonly number[]
  /** Times of day, in ms. */
  readonly times: readonly number[]
}

function periodOf(rule: Rule, start: number, period: number): Period {
  const date = new Date(start)
  const midnight = Math.floor(start / DAY) * DAY
  const span = (begin: number, end: number): Period => {
    const days = Array.from({ length: Math.round((end - begin) / DAY) }, (_, at) => begin + at * DAY)
    return { begin, days, times: timesOf(rule, start) }
  }
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  switch (rule.frequency) {
    case 'YEARLY':
      return span(Date.UTC(year + period, 0, 1), Date.UTC(year + period + 1, 0, 1))
    case 'MONTHLY':
      return span(Date.UTC(year, month + period, 1), Date.UTC(year, month + period + 1, 1))
    case 'WEEKLY': {
      const week = midnight - ((weekdayOf(start) - rule.weekStart + 7) % 7) * DAY + period * 7 * DAY
      return span(week, week + 7 * DAY)
    }
    case 'DAILY':
      return span(midnight + period * DAY, midnight + (period + 1) * DAY)
    default:
      return timeOf(rule, start, period)
  }
}

/** A period that is shorter than a day. */
function timeOf(rule: Rule, start: number, period: number): Period {
  const length = LENGTHS[rule.frequency] ?? DAY
  const begin = Math.floor(start / length) * length + period * length
  const day = Math.floor(begin / DAY) * DAY
  const fitting = (list: readonly number[], unit: number, size: number): boolean =>
    list.length === 0 || list.includes(Math.floor((begin - day) / unit) % size)
  const { frequency, hours, minutes, seconds } = rule
  const passes =
    fitting(hours, HOUR, 24) &&
    (frequency === 'HOURLY' || fitting(minutes, MINUTE, 60)) &&
    (frequency !== 'SECONDLY' || fitting(seconds, SECOND, 60))
  if (!passes) return { begin, days: [], times: [] }
  const within = start - Math.floor(start / HOUR) * HOUR
  const ofMinutes =
    frequency === 'HOURLY' ? sorted(minutes, Math.floor(within / MINUTE)).map((minute) => minute * MINUTE) : [0]
  const ofSeconds =
    frequency === 'SECONDLY' ? [0] : sorted(seconds, Math.floor((within % MINUTE) / SECOND)).map((one) => one * SECOND)
  const times = ofMinutes.flatMap((minute) => ofSeconds.map((second) => begin - day + minute + second))
  return { begin, days: [day], times }
}

function timesOf({ hours, minutes, seconds }: Rule, start: number): number[] {
  const date = new Date(start)
  return sorted(hours, date.getUTCHours()).flatMap((hour) =>
    sorted(minutes, date.getUTCMinutes()).flatMap((minute) =>
      sorted(seconds, date.getUTCSeconds()).map((second) => hour * HOUR + minute * MINUTE + second * SECOND),
    ),
  )
}

function sorted(list: readonly number[], otherwise: number): readonly number[] {
  return list.length === 0 ? [otherwise] : [...new Set(list)].toSorted((a, b) => a - b)
}

/** Whether a day passes the BY parts. */
function fits(rule: Rule, day: number): boolean {
  const date = new Date(day)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const { months, weeks, yearDays, monthDays, weekdays } = rule
  if (months.length > 0 && !months.includes(month + 1)) return false
  const inMonth = { at: date.getUTCDate(), of: new Date(Date.UTC(year, month + 1, 0)).getUTCDate() }
  if (monthDays.length > 0 && !counted(monthDays, inMonth)) return false
  const newYear = Date.UTC(year, 0, 1)
  const inYear = { at: (day - newYear) / DAY + 1, of: (Date.UTC(year + 1, 0, 1) - newYear) / DAY }
  if (yearDays.length > 0 && !counted(yearDays, inYear)) return false
  if (weeks.length > 0 && !counted(weeks, weekOf(day, rule.weekStart))) return false
  if (weekdays.length === 0) return true
  const { frequency } = rule
  const ofMonth = frequency === 'MONTHLY' || (frequency === 'YEARLY' && months.length > 0)
  const place = ofMonth ? inMonth : frequency === 'YEARLY' ? inYear : undefined
  return weekdays.some(({ day: weekday, n }) => {
    if (weekday !== weekdayOf(day)) return false
    if (n === undefined || place === undefined) return true
    return n === (n > 0 ? Math.ceil(place.at / 7) : -Math.ceil((place.of - place.at + 1) / 7))
  })
}

/** A position from 1, of how many. */
interface Place {
  readonly at: number
  readonly of: number
}

function counted(list: readonly number[], { at, of }: Place): boolean {
  return list.includes(at) || list.includes(at - of - 1)
}

/** The number of a day's week in its year: the first week has four days at least. */
function weekOf(day: number, weekStart: number): Place {
  const begin = day - ((weekdayOf(day) - weekStart + 7) % 7) * DAY
  const year = new Date(begin + 3 * DAY).getUTCFullYear()
  const first = firstWeek(year, weekStart)
  return { at: (begin - first) / (7 * DAY) + 1, of: (firstWeek(year + 1, weekStart) - first) / (7 * DAY) }
}

function firstWeek(year: number, weekStart: number): number {
  const fourth = Date.UTC(year, 0, 4)
  return fourth - ((weekdayOf(fourth) - weekStart + 7) % 7) * DAY
}

/** 0 for Monday. */
function weekdayOf(at: number): number {
  return (new Date(at).getUTCDay() + 6) % 7
}

function positioned({ positions }: Rule, set: readonly number[]): readonly number[] {
  if (positions.length === 0) return set
  return set.filter((_, at) => positions.includes(at + 1) || positions.includes(at - set.length))
}
