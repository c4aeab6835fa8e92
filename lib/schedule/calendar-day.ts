import { describe } from '../core/errors.ts'
import { DAY } from '../core/time-units.ts'
import type { WallTime } from './local-time.ts'
import { invalid } from './schedule.ts'
import { type Weekday, weekdayNames } from './units.ts'

/** One day in each week, or in each month that has it. Weeks and months are numbered. */
export interface CalendarDay {
  /** In words, as they follow `on`: `monday`, `day 31`, `the last friday`. */
  readonly text: string
  /** The number of the week or month that a wall time lies in. */
  readonly unitOf: (wall: WallTime) => number
  /** The midnight at which the day begins; undefined for a month without such a day. */
  readonly dayOf: (unit: number) => WallTime | undefined
}

/** The first of January 1970 was a Thursday. */
const THURSDAY = 4

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth'] as const

type DayNumber =
  | (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16)
  | (17 | 18 | 19 | 20 | 21 | 22 | 23 | 24 | 25 | 26 | 27 | 28 | 29 | 30 | 31)

/** A day of the month: a number, `'last'`, or a day of the week by its place in the month, such as `'last friday'`. */
export type MonthDay = DayNumber | 'last' | `${(typeof ordinals)[number] | 'last'} ${Weekday}`

/** A day of each week. */
export function dayOfWeek(weekday: Weekday): CalendarDay {
  const shift = (weekdayNames.indexOf(weekday) - THURSDAY) * DAY
  return {
    text: weekday,
    unitOf: (wall) => Math.floor((wall - shift) / (7 * DAY)),
    dayOf: (week) => week * 7 * DAY + shift,
  }
}

/** A day of each month that has it. */
export function dayOfMonth(day: MonthDay): CalendarDay {
  const { text, find } = parseMonthDay(day)
  return {
    text,
    unitOf(wall) {
      const date = new Date(wall)
      return date.getUTCFullYear() * 12 + date.getUTCMonth()
    },
    dayOf(month) {
      const first = firstOf(month)
      const days = (firstOf(month + 1) - first) / DAY
      const found = find(days, new Date(first).getUTCDay())
      return found <= days ? first + (found - 1) * DAY : undefined
    },
  }
}

// Months are counted from year 0. `Date.UTC` would take the years before 100 for years of the 20th century.
function firstOf(month: number): WallTime {
  return Date.UTC(2000, month - 2000 * 12, 1)
}

interface FoundDay {
  /** In words, as they follow `on`. */
  readonly text: string
  /** The day in a month of this length that begins with this weekday; beyond the month if it has no such day. */
  readonly find: (days: number, weekday: number) => number
}

function parseMonthDay(day: MonthDay): FoundDay {
  if (day === 'last') return { text: 'the last day', find: (days) => days }
  if (Number.isInteger(day) && Number(day) >= 1 && Number(day) <= 31)
    return { text: `day ${day}`, find: () => Number(day) }
  const [place = '', name = '', ...more] = typeof day === 'string' ? day.split(' ') : []
  const nth = ordinals.indexOf(place as (typeof ordinals)[number])
  const weekday = weekdayNames.indexOf(name as Weekday)
  if (weekday < 0 || more.length > 0 || (nth < 0 && place !== 'last')) {
    const expected = "a day from 1 to 31, 'last', or one such as 'first monday', 'fifth friday' and 'last sunday'"
    throw invalid(`on: expected ${expected}, got ${describe(day)}`)
  }
  const find = (days: number, first: number): number => {
    const earliest = 1 + ((weekday - first + 7) % 7)
    return nth < 0 ? earliest + 7 * Math.floor((days - earliest) / 7) : earliest + 7 * nth
  }
  return { text: `the ${day}`, find }
}
