import { setImmediate } from 'node:timers/promises'
import type ICAL from 'ical.js'
import { TidingsError } from '../../lib/index.ts'
import type { Frequency, Rule, Weekday } from './rule.ts'

/** A date or a time, as a calendar has it. */
export interface When {
  /** What the clock on the wall shows, as ms since the epoch in UTC. */
  readonly wall: number
  /** Whether it is a whole day. */
  readonly isDate: boolean
  /** The name of its zone, `UTC`, or undefined for the zone of the reader. */
  readonly zone: string | undefined
}

/** A rule and where it ends. */
export interface EndingRule extends Rule {
  readonly until: When | undefined
}

/** One VEVENT. */
export interface Entry {
  readonly uid: string
  /** Which instance of a series it replaces; undefined for the series itself, or a single event. */
  readonly recurrence: When | undefined
  /** Whether it replaces all later instances, too. */
  readonly andFuture: boolean
  readonly sequence: number
  readonly start: When
  readonly end: When | undefined
  /** Its length without an end: whole days, which follow the clock, and ms. */
  readonly duration: { readonly days: number; readonly ms: number } | undefined
  readonly rules: readonly EndingRule[]
  /** The rules as the file has them. */
  readonly ruleTexts: readonly string[]
  readonly dates: readonly When[]
  readonly exceptions: readonly When[]
  readonly title: string
  readonly place: string | null
  readonly description: string | null
  readonly url: string | null
  readonly cancelled: boolean
}

/** A VTIMEZONE: its observances, to be expanded when a time needs them. */
export interface ZoneEntry {
  readonly observances: readonly {
    readonly start: number
    /** In ms. */
    readonly from: number
    readonly to: number
    readonly rules: readonly EndingRule[]
    readonly dates: readonly number[]
  }[]
}

/** What a file has. */
export interface Parsed {
  readonly entries: readonly Entry[]
  readonly zones: ReadonlyMap<string, ZoneEntry>
  /** How many events could not be read. */
  readonly skipped: number
}

/** The package ical.js. */
export type Ical = typeof ICAL
type Component = InstanceType<Ical['Component']>
type Duration = InstanceType<Ical['Duration']>
type Period = InstanceType<Ical['Period']>
type Recur = InstanceType<Ical['Recur']>
type Time = InstanceType<Ical['Time']>
type UtcOffset = InstanceType<Ical['UtcOffset']>

/** Events to parse before other work has a turn. */
const SLICE = 200

/** The most characters of a text. */
const MOST_CHARACTERS = 8000

/**
 * Parses a file event by event, so that one that is broken costs only itself, and the event loop is never blocked for
 * long.
 *
 * @throws TidingsError `TIDINGS_RESPONSE_INVALID` for a file that is not a whole calendar
 */
export async function parseCalendar(ical: Ical, text: string, signal: AbortSignal): Promise<Parsed> {
  if (
    !/^\uFEFF?\s*BEGIN:VCALENDAR\s*$/im.test(text.slice(0, 1000)) ||
    !/^END:VCALENDAR\s*$/im.test(text.slice(-1000))
  ) {
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', 'stream calendar: the answer is not a whole iCalendar file')
  }
  const entries: Entry[] = []
  const zones = new Map<string, ZoneEntry>()
  let skipped = 0
  let count = 0
  for (const block of blocksOf(text)) {
    if (++count % SLICE === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
    try {
      if (block === undefined) throw new Error('it has no end')
      const component = new ical.Component(ical.parse(block) as unknown[])
      if (component.name === 'vevent') entries.push(entryOf(component))
      else zones.set(textOf(component, 'tzid') ?? '', zoneOf(component))
    } catch {
      skipped++
    }
  }
  return { entries, zones, skipped }
}

/** The texts of events and zones; undefined for one that another begins in. */
function* blocksOf(text: string): Generator<string | undefined> {
  let open: { readonly name: string; readonly at: number } | undefined
  for (const match of text.matchAll(/^(BEGIN|END):(VEVENT|VTIMEZONE)[ \t]*\r?$/gim)) {
    const [line, edge = '', name = ''] = match
    if (edge.toUpperCase() === 'BEGIN') {
      if (open !== undefined) yield undefined
      open = { name: name.toUpperCase(), at: match.index }
    } else if (open?.name === name.toUpperCase()) {
      yield text.slice(open.at, match.index + line.length)
      open = undefined
    }
  }
  if (open !== undefined) yield undefined
}

function entryOf(component: Component): Entry {
  const [start] = whensOf(component, 'dtstart')
  const uid = textOf(component, 'uid')
  if (start === undefined || uid === null) throw new Error('an event needs UID and DTSTART')
  const recurrence = component.getFirstProperty('recurrence-id')
  const recurs = component.getAllProperties('rrule').map((one) => one.getFirstValue() as Recur)
  const duration = component.getFirstPropertyValue('duration') as Duration | null
  return {
    uid,
    recurrence: whensOf(component, 'recurrence-id')[0],
    andFuture: recurrence?.getFirstParameter('range') === 'THISANDFUTURE',
    sequence: Number(component.getFirstPropertyValue('sequence') ?? 0) || 0,
    start,
    end: whensOf(component, 'dtend')[0],
    duration: duration === null ? undefined : lengthOf(duration),
    rules: recurs.map(ruleOf),
    ruleTexts: recurs.map(String),
    dates: whensOf(component, 'rdate'),
    exceptions: whensOf(component, 'exdate'),
    title: textOf(component, 'summary') ?? '',
    place: textOf(component, 'location'),
    description: textOf(component, 'description'),
    url: textOf(component, 'url'),
    cancelled: textOf(component, 'status')?.toUpperCase() === 'CANCELLED',
  }
}

function zoneOf(component: Component): ZoneEntry {
  const observances = ['standard', 'daylight'].flatMap((name) => component.getAllSubcomponents(name))
  return {
    observances: observances.map((one) => {
      const [start] = whensOf(one, 'dtstart')
      const offset = (name: string): number => (one.getFirstPropertyValue(name) as UtcOffset).toSeconds() * 1000
      if (start === undefined) throw new Error('an observance needs DTSTART')
      return {
        start: start.wall,
        from: offset('tzoffsetfrom'),
        to: offset('tzoffsetto'),
        rules: one.getAllProperties('rrule').map((rule) => ruleOf(rule.getFirstValue() as Recur)),
        dates: whensOf(one, 'rdate').map(({ wall }) => wall),
      }
    }),
  }
}

function lengthOf(duration: Duration): NonNullable<Entry['duration']> {
  const days = duration.isNegative ? 0 : duration.weeks * 7 + duration.days
  return { days, ms: Math.max(0, duration.toSeconds() * 1000 - days * 86_400_000) }
}

function textOf(component: Component, name: string): string | null {
  const value: unknown = component.getFirstPropertyValue(name)
  const text = typeof value === 'string' ? value.trim().slice(0, MOST_CHARACTERS).toWellFormed() : ''
  return text === '' ? null : text
}

function whensOf(component: Component, name: string): When[] {
  return component.getAllProperties(name).flatMap((property) => {
    const zone = property.getFirstParameter('tzid') || undefined
    return property.getValues().map((value: Time | Period) => {
      const time = 'start' in value ? value.start : value
      return whenOf(time, time.zone?.tzid === 'UTC' ? 'UTC' : zone)
    })
  })
}

function whenOf(time: Time, zone: string | undefined): When {
  const { year, month, day, hour, minute, second, isDate } = time.toJSON() as Record<string, number>
  const wall = Date.UTC(year ?? 0, (month ?? 0) - 1, day, isDate ? 0 : hour, isDate ? 0 : minute, isDate ? 0 : second)
  // The calendar as we know it; Outlook begins its zones in 1601.
  if (!(year !== undefined && year >= 1600 && year <= 9999 && Number.isFinite(wall))) throw new Error('not a time')
  return { wall, isDate: Boolean(isDate), zone: isDate ? undefined : zone?.slice(0, 200) }
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

function ruleOf(recur: Recur): EndingRule {
  const parts = recur.parts as Readonly<Record<string, readonly (string | number)[] | undefined>>
  const numbers = (name: string): readonly number[] => (parts[name] ?? []).map(Number)
  const { until } = recur
  return {
    frequency: recur.freq as Frequency,
    interval: Math.max(1, Math.trunc(Number(recur.interval)) || 1),
    count: recur.count ? Number(recur.count) : undefined,
    // ical.js counts from 1 for Sunday.
    weekStart: (Number(recur.wkst) + 5) % 7,
    until: until ? whenOf(until, until.zone?.tzid === 'UTC' ? 'UTC' : undefined) : undefined,
    months: numbers('BYMONTH'),
    weeks: numbers('BYWEEKNO'),
    yearDays: numbers('BYYEARDAY'),
    monthDays: numbers('BYMONTHDAY'),
    weekdays: (parts['BYDAY'] ?? []).map((text) => weekdayOf(String(text))),
    hours: numbers('BYHOUR'),
    minutes: numbers('BYMINUTE'),
    seconds: numbers('BYSECOND').map((second) => Math.min(second, 59)),
    positions: numbers('BYSETPOS'),
  }
}

function weekdayOf(text: string): Weekday {
  const n = Number.parseInt(text, 10)
  return { day: WEEKDAYS.indexOf(text.slice(-2)), n: Number.isNaN(n) ? undefined : n }
}
