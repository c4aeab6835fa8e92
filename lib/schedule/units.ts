import type { ClockUnit } from './time-of-unit.ts'

/** What `every(n)` counts. */
export interface Unit {
  /** As it stands after `every().`, and in words. */
  readonly name: string
  /** Its length in milliseconds. */
  readonly ms: number
  /** In which unit `.at` names a moment; absent where it can not. */
  readonly clock?: ClockUnit
  /** The days of the week that it comes on, as cron writes them. */
  readonly weekday?: string
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY
/** The mean of the calendar. */
const MONTH = (365.2425 * DAY) / 12

/** The units that can be counted, each of which has a plural. */
export const countable = {
  second: { name: 'second', ms: SECOND },
  minute: { name: 'minute', ms: MINUTE, clock: 'minute' },
  hour: { name: 'hour', ms: HOUR, clock: 'hour' },
  day: { name: 'day', ms: DAY, clock: 'day' },
  week: { name: 'week', ms: WEEK },
  month: { name: 'month', ms: MONTH },
} as const satisfies Record<string, Unit>

export const weekdayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

export type Weekday = (typeof weekdayNames)[number]

/** The days of the week, which come one at a time. */
export const single = Object.fromEntries(weekdayNames.map((name, i) => [name, onDays(name, `${i}`)])) as Record<
  Weekday,
  Unit
>

/** Mondays to Fridays. */
export const weekday = onDays('weekday', '1-5')

function onDays(name: string, days: string): Unit {
  return { name, ms: WEEK, clock: 'day', weekday: days }
}
