import { describe } from '../core/errors.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../core/time-units.ts'
import { invalid } from './schedule.ts'

/** A unit that `every(n)` counts. */
export interface Unit {
  /** Its name after `every().`, and in words. */
  readonly name: string
  /** Its length in milliseconds. */
  readonly ms: number
  /** The unit within which `.at` names a time; absent if `.at` can't follow. */
  readonly clock?: ClockUnit
  /** Its days of the week, in the notation of cron. */
  readonly weekday?: string
}

const WEEK = 7 * DAY
/** The mean length of a month. */
const MONTH = (365.2425 * DAY) / 12

/** The units that can be counted. Each has a plural. */
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

/** The days of the week, which can't be counted. */
export const single = Object.fromEntries(weekdayNames.map((name, i) => [name, onDays(name, `${i}`)])) as Record<
  Weekday,
  Unit
>

/** Mondays to Fridays. */
export const weekday = onDays('weekday', '1-5')

function onDays(name: string, days: string): Unit {
  return { name, ms: WEEK, clock: 'day', weekday: days }
}

/** A time within a day, an hour or a minute (`.at`). */
export interface TimeOfUnit {
  /** In words. */
  readonly text: string
  /** The hour, if the unit is a day. */
  readonly hour?: number
  /** The minute, unless the unit is a minute. */
  readonly minute?: number
  /** The second; 0 if the text names none. */
  readonly second: number
}

/** The unit within which `.at` names a time. */
export type ClockUnit = 'day' | 'hour' | 'minute'

const forms: Record<ClockUnit, { readonly words: RegExp; readonly expected: string }> = {
  day: { words: /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/, expected: "'10:30' or '10:30:15'" },
  hour: { words: /^([0-5]\d)?:([0-5]\d)$/, expected: "':30' or '30:15'" },
  minute: { words: /^:([0-5]\d)$/, expected: "':15'" },
}

/** Whether a text is a time of day. */
export function isTimeOfDay(text: string): boolean {
  return forms.day.words.test(text)
}

/** Parses a time within a unit. */
export function parseTimeOfUnit(unit: ClockUnit, text: string): TimeOfUnit {
  const found = typeof text === 'string' ? forms[unit].words.exec(text) : null
  if (found === null) {
    throw invalid(`at: expected a time within the ${unit} such as ${forms[unit].expected}, got ${describe(text)}`)
  }
  const [, first, second, third = '0'] = found
  if (unit === 'minute') return { text, second: Number(first) }
  if (unit === 'day') {
    const padded = text.indexOf(':') === 1 ? `0${text}` : text
    return { text: padded, hour: Number(first), minute: Number(second), second: Number(third) }
  }
  // ':30' is a minute; '30:15' is a minute and a second.
  return first === undefined
    ? { text, minute: Number(second), second: 0 }
    : { text, minute: Number(first), second: Number(second) }
}

/** The distance of a time from the start of its unit, in ms. */
export function intoUnit({ hour = 0, minute = 0, second }: TimeOfUnit): number {
  return ((hour * 60 + minute) * 60 + second) * 1000
}
