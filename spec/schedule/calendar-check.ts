import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cron, type Every, every, type MonthDay, type Schedule } from '../../lib/schedule/index.ts'
import { clock } from './zone-scanner.ts'

// An oracle that checks one day after the other, and asks only Intl what clocks show.

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
const places = ['first', 'second', 'third', 'fourth', 'fifth', 'last'] as const

/** Zones that set their clocks at midnight, by half an hour, late in the evening, by two hours, and one that skipped a day. */
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/Santiago',
  'Australia/Lord_Howe',
  'America/Nuuk',
  'Antarctica/Troll',
  'Pacific/Apia',
]

/** When clocks first show a wall time, or jump over it. */
function firstShown(wall: number, shows: (instant: number) => number): number {
  const aheads = [-1.5 * DAY, 0, 1.5 * DAY].map((ms) => shows(wall + ms) - (wall + ms))
  const shown = aheads.map((ahead) => wall - ahead).filter((instant) => shows(instant) === wall)
  if (shown.length > 0) return Math.min(...shown)
  let instant = wall - Math.max(...aheads)
  while (shows(instant) < wall) instant += MINUTE
  return instant
}

function daysIn(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
}

function isDay(day: MonthDay, date: Date): boolean {
  const number = date.getUTCDate()
  if (typeof day === 'number') return number === day
  if (day === 'last') return number === daysIn(date)
  const [place, weekday] = day.split(' ') as [(typeof places)[number], (typeof weekdays)[number]]
  if (weekdays[date.getUTCDay()] !== weekday) return false
  return place === 'last' ? number + 7 > daysIn(date) : Math.ceil(number / 7) === places.indexOf(place) + 1
}

/** A schedule as the oracle knows it: its time of day, the days it may come on, and which of these it takes. */
interface Known {
  readonly schedule: Schedule
  readonly zone: string
  readonly minutes: number
  readonly start: number
  readonly matches: (date: Date) => boolean
  /** Whether a day belongs to it, given the first one. */
  readonly counts: (date: Date, first: Date) => boolean
}

/** The slots of two thousand days. */
function scanned({ zone, minutes, start, matches, counts }: Known): number[] {
  const shows = clock(zone)
  const slots: number[] = []
  const today = Math.floor(shows(start) / DAY) * DAY
  let first: Date | undefined
  for (let midnight = today - DAY; midnight < today + 2000 * DAY; midnight += DAY) {
    const date = new Date(midnight)
    if (!matches(date)) continue
    const slot = firstShown(midnight + minutes * MINUTE, shows)
    if (slot < start) continue
    first ??= date
    if (counts(date, first)) slots.push(slot)
  }
  return slots
}

const monthDay = fc.oneof(
  fc.integer({ min: 1, max: 31 }).map((day) => day as MonthDay),
  fc.constant<MonthDay>('last'),
  fc
    .tuple(fc.constantFrom(...places), fc.constantFrom(...weekdays))
    .map((parts): MonthDay => parts.join(' ') as MonthDay),
)
const common = fc.record({
  zone: fc.constantFrom(...zones),
  n: fc.constantFrom(1, 1, 2, 3, 4, 5, 12),
  minutes: fc.oneof(fc.nat(1439), fc.constantFrom(0, 15, 90, 120, 150, 1410)),
  /** Minutes since 2010: the first slot is within three years in which all of these zones set their clocks. */
  start: fc.nat(3 * 365 * 1440).map((at) => Date.UTC(2010, 0, 1) + at * MINUTE),
  begins: fc.constantFrom('anchor', 'date', 'instant'),
})
type Common = typeof common extends fc.Arbitrary<infer C> ? C : never

function textOf(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

/** The schedule with its start, written in one of the possible ways. */
function begun(schedule: Every, { zone, start, minutes, begins }: Common): Schedule {
  const timed = schedule.at(textOf(minutes), zone)
  if (begins === 'anchor') return timed
  if (begins === 'instant') return timed.from(new Date(start))
  return timed.from(new Date(clock(zone)(start)).toISOString().slice(0, 16).replace('T', ' '))
}

const weekly = fc.tuple(common, fc.constantFrom(...weekdays)).map(
  ([c, weekday]): Known => ({
    ...c,
    schedule: begun(every(c.n).weeks[weekday], c),
    matches: (date) => weekdays[date.getUTCDay()] === weekday,
    counts: (date, first) => ((date.getTime() - first.getTime()) / DAY) % (7 * c.n) === 0,
  }),
)
const monthOf = (date: Date): number => date.getUTCFullYear() * 12 + date.getUTCMonth()
const monthly = fc.tuple(common, monthDay).map(
  ([c, day]): Known => ({
    ...c,
    schedule: begun(every(c.n).months.on(day), c),
    matches: (date) => isDay(day, date),
    counts: (date, first) => (monthOf(date) - monthOf(first)) % c.n === 0,
  }),
)
const daily = common.map(
  (c): Known => ({
    ...c,
    schedule: begun(every(c.n).days, { ...c, begins: c.begins === 'anchor' ? 'instant' : c.begins }),
    matches: () => true,
    counts: (date, first) => ((date.getTime() - first.getTime()) / DAY) % c.n === 0,
  }),
)
const beforeLast = fc.tuple(common, fc.integer({ min: 1, max: 27 })).map(
  ([c, days]): Known => ({
    ...c,
    schedule: cron(`${c.minutes % 60} ${Math.floor(c.minutes / 60)} L-${days} * *`, { timezone: c.zone }),
    matches: (date) => date.getUTCDate() === daysIn(date) - days,
    counts: () => true,
  }),
)

/** Each kind of schedule that follows the calendar. */
export const kinds = { weekly, monthly, daily, beforeLast }

/** Compares schedules with a check of every day, from any instant. */
export function checkCalendar(kind: fc.Arbitrary<Known>, numRuns: number): void {
  fc.assert(
    fc.property(kind, fc.nat(1_900), (known, later) => {
      const anchor = new Date(known.start - 1)
      const slots = scanned(known)
      const asked = [known.start - 1, ...slots.slice(0, 8), known.start + later * DAY]
      for (const after of asked) {
        const expected = slots.find((slot) => slot > after)
        if (expected === undefined) continue
        const slot = known.schedule.next(new Date(after), anchor)
        const words = `${known.schedule}, first seen ${anchor.toISOString()}, after ${new Date(after).toISOString()}`
        assert.equal(slot?.toISOString(), new Date(expected).toISOString(), words)
      }
    }),
    { numRuns },
  )
}
