import { TidingsError } from '../../lib/index.ts'
import type { EndingRule, Entry, Parsed, When, ZoneEntry } from './parse.ts'
import { type Budget, BudgetSpent, occurrences } from './rule.ts'
import { type Change, changingZone, ianaZone, instantOf, namedZone, type Offset, utc } from './zones.ts'

/** One time that an event takes place. */
export interface Instance {
  /** Which event, and which instance of it: the same wherever it moves. */
  readonly identifier: string
  /** The series, or the entry that replaces this instance of it. */
  readonly entry: Entry
  /** In ms since the epoch. */
  readonly start: number
  /** In ms since the epoch, not before the start. */
  readonly end: number
  /** The day of an event that lasts whole days, `2026-01-31`. */
  readonly date: string | null
  /** The start that it has by the rules of its series, as in its identifier; null for a single event. */
  readonly recurrence: string | null
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How far a wall clock may be from UTC, and more. */
const MARGIN = 2 * DAY

/** How far clocks are set back or forward, and more. */
const CHANGE = 3 * HOUR

/** The most instances of a rule that begin in a window. */
const MOST_INSTANCES = 2000

/** The budget of one series or zone: what a rule for each second takes in a day. */
const OWN_BUDGET = 400_000

/** The instants of a file's times, in its zones and that of the reader. */
export class Zones {
  /** Zones that are unknown; their times are read in the zone of the reader. */
  readonly unknown = new Set<string>()
  readonly #parsed: Parsed
  readonly #reader: Offset
  readonly #budget: Budget
  readonly #embedded = new Map<string, Offset | undefined>()

  /** `reader`: the zone of times without one. `last`: the last instant that matters, in ms since the epoch. */
  constructor(parsed: Parsed, reader: string, budget: Budget) {
    this.#parsed = parsed
    this.#reader = ianaZone(reader) ?? utc
    this.#budget = budget
  }

  /**
   * The zone of a time. The names of the IANA database count more than what the file says about them, because files are
   * often cut to the changes of one year.
   */
  of({ zone }: When): Offset {
    if (zone === undefined) return this.#reader
    if (zone === 'UTC') return utc
    const found = ianaZone(zone) ?? this.#embeddedZone(zone) ?? namedZone(zone)
    if (found === undefined && this.unknown.size < 20) this.unknown.add(zone)
    return found ?? this.#reader
  }

  /** The instant of a time; of a day, its midnight. */
  at(when: When): number {
    return instantOf(when.wall, this.of(when))
  }

  #embeddedZone(name: string): Offset | undefined {
    const entry = this.#parsed.zones.get(name)
    if (entry === undefined) return undefined
    if (!this.#embedded.has(name))
      this.#embedded.set(
        name,
        within(this.#budget, (own) => expand(entry, own)),
      )
    return this.#embedded.get(name)
  }
}

/**
 * Does some work on a part of the budget of all; undefined if that is spent.
 *
 * @throws TidingsError `TIDINGS_RESPONSE_INVALID` when the budget of all is spent
 */
function within<T>(all: Budget, work: (own: Budget) => T): T | undefined {
  const part = Math.min(all.left, OWN_BUDGET)
  const own = { left: part }
  try {
    return work(own)
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error
    if (part === OWN_BUDGET) return undefined
    const words = 'stream calendar: too many rules of this calendar recur too often to be expanded'
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', words)
  } finally {
    all.left -= part - Math.max(0, own.left)
  }
}

/** From when to when the changes of an embedded zone are expanded: years of use, not of history. */
const [FIRST_CHANGE, LAST_CHANGE] = [Date.UTC(2000, 0, 1), Date.UTC(2050, 0, 1)]

function expand({ observances }: ZoneEntry, budget: Budget): Offset {
  const changes = observances.flatMap(({ start, from, to, rules, dates }): Change[] => {
    const walls = rules.flatMap((rule) => {
      const ends = ({ wall }: When): number => (rule.until?.zone === 'UTC' ? wall + from : wall)
      const last = rule.until === undefined ? LAST_CHANGE : Math.min(ends(rule.until), LAST_CHANGE)
      return [...occurrences(rule, start, FIRST_CHANGE, last, budget)].slice(0, MOST_INSTANCES)
    })
    return [start, ...walls, ...dates].map((wall) => ({ at: wall - from, offset: to }))
  })
  const first = observances.toSorted((a, b) => a.start - b.start)[0]
  return changingZone(
    changes.toSorted((a, b) => a.at - b.at),
    first?.from ?? 0,
  )
}

/** A series or a single event, and what replaces instances of it. */
export interface Series {
  readonly main: Entry | undefined
  readonly overrides: readonly Entry[]
}

/** Groups entries by UID. Of entries for the same instance, the one with the highest sequence counts, or else the last. */
export function seriesOf(entries: readonly Entry[], zones: Zones): Series[] {
  const byUid = new Map<string, Map<string, Entry>>()
  for (const entry of entries) {
    const one = byUid.get(entry.uid) ?? new Map<string, Entry>()
    const key = entry.recurrence === undefined ? '' : keyOf(entry.recurrence, zones)
    const other = one.get(key)
    if (other === undefined || entry.sequence >= other.sequence) one.set(key, entry)
    byUid.set(entry.uid, one)
  }
  return [...byUid.values()].map((one) => ({
    main: one.get(''),
    overrides: [...one].filter(([key]) => key !== '').map(([, entry]) => entry),
  }))
}

/** A start in identifiers: a day, or an instant in UTC. */
function keyOf(when: When, zones: Zones): string {
  return when.isDate ? dayOf(when.wall) : new Date(zones.at(when)).toISOString()
}

function dayOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10)
}

/** An entry as an instance of its own, at the times that it names itself. */
export function instanceOf(entry: Entry, zones: Zones): Instance {
  const recurrence = entry.recurrence === undefined ? null : keyOf(entry.recurrence, zones)
  return placed(entry, zones.at(entry.start), recurrence, zones)
}

function placed(entry: Entry, start: number, recurrence: string | null, zones: Zones): Instance {
  const { uid } = entry
  const offset = zones.of(entry.start)
  return {
    identifier: recurrence === null ? uid : `${uid} ${recurrence}`,
    entry,
    start,
    end: Math.max(start, endOf(entry, start, offset, zones)),
    date: entry.start.isDate ? dayOf(start + offset(start)) : null,
    recurrence,
  }
}

/** Days follow the clock of the zone; the rest of a length is exact (RFC 5545, 3.8.5.3). */
function endOf({ start: first, end, duration }: Entry, start: number, offset: Offset, zones: Zones): number {
  const wall = start + offset(start)
  if (end !== undefined) {
    return first.isDate ? instantOf(wall + end.wall - first.wall, offset) : start + zones.at(end) - zones.at(first)
  }
  const { days, ms } = duration ?? { days: first.isDate ? 1 : 0, ms: 0 }
  return (days === 0 ? start : instantOf(wall + days * DAY, offset)) + ms
}

/** From when to when instances are wanted, in ms since the epoch. */
export interface Window {
  /** They end after this. */
  readonly from: number
  /** They begin at this or before. */
  readonly to: number
}

/**
 * The instances of a series that touch a window; undefined if its rules recur too often to be expanded.
 *
 * @throws TidingsError `TIDINGS_RESPONSE_INVALID` when the budget of the whole calendar is spent
 */
export function instancesOf(
  { main, overrides }: Series,
  window: Window,
  zones: Zones,
  budget: Budget,
): Instance[] | undefined {
  const own = overrides.map((entry) => instanceOf(entry, zones))
  const regular = main === undefined ? [] : within(budget, (part) => regularOf(main, overrides, window, zones, part))
  return regular && [...regular, ...own].filter(({ start, end }) => end > window.from && start <= window.to)
}

function regularOf(main: Entry, overrides: readonly Entry[], window: Window, zones: Zones, budget: Budget): Instance[] {
  // Most events are single; those that are far away need no zone.
  if (main.start.wall > window.to + MARGIN && main.dates.length === 0) return []
  if (isLongOver(main, window.from)) return []
  if (main.rules.length === 0 && main.dates.length === 0) return [instanceOf(main, zones)]
  const offset = zones.of(main.start)
  const first = instanceOf(main, zones)
  const earliest = window.from - (first.end - first.start)
  const starts = new Set(
    main.dates.map((one) => (one.isDate ? instantOf(one.wall + timeOf(main.start), offset) : zones.at(one))),
  )
  if (main.rules.length === 0) starts.add(first.start)
  for (const rule of main.rules) {
    const [from, to] = [earliest, window.to].map((at) => at + offset(at)) as [number, number]
    let found = 0
    for (const wall of occurrences(rule, main.start.wall, from - CHANGE, to + CHANGE, budget)) {
      const start = instantOf(wall, offset)
      if (start < earliest) continue
      if (isOver(main, rule, wall, start) || found > MOST_INSTANCES) break
      if (start >= window.from) found++
      starts.add(start)
    }
  }
  const except = excluded(main, [...main.exceptions, ...overrides.map((one) => one.recurrence as When)], zones)
  const future = overrides
    .filter(({ andFuture }) => andFuture)
    .toSorted((a, b) => zones.at(a.recurrence as When) - zones.at(b.recurrence as When))
  return [...starts]
    .filter((start) => start >= earliest - MARGIN && start <= window.to + MARGIN && !except(start))
    .map((start) => {
      const wall = start + offset(start)
      const recurrence = main.start.isDate ? dayOf(wall) : new Date(start).toISOString()
      const later = future.findLast((one) => zones.at(one.recurrence as When) <= start)
      if (later === undefined) return placed(main, start, recurrence, zones)
      const moved = wall + later.start.wall - (later.recurrence as When).wall
      return placed(later, instantOf(moved, zones.of(later.start)), recurrence, zones)
    })
}

/** Whether a single event is surely over; cheaper than its instance. */
export function isLongOver({ start, end, duration, rules, dates }: Entry, at: number): boolean {
  const last = Math.max(start.wall, end?.wall ?? 0) + (duration?.days ?? 1) * DAY + (duration?.ms ?? 0)
  return rules.length === 0 && dates.length === 0 && last < at - MARGIN
}

function timeOf({ wall }: When): number {
  return wall - Math.floor(wall / DAY) * DAY
}

/** Whether an occurrence is behind the end of its rule. The end is inclusive, and may be a day. */
function isOver({ start: { isDate } }: Entry, { until }: EndingRule, wall: number, start: number): boolean {
  if (until === undefined) return false
  if (until.isDate || isDate) return dayOf(wall) > dayOf(until.wall)
  return until.zone === 'UTC' ? start > until.wall : wall > until.wall
}

/** Which starts are excluded. Days exclude what begins on them, and a time excludes a whole day of a series of days. */
function excluded(main: Entry, exceptions: readonly When[], zones: Zones): (start: number) => boolean {
  const offset = zones.of(main.start)
  const isDay = (one: When): boolean => one.isDate || main.start.isDate
  const days = new Set(exceptions.filter(isDay).map(({ wall }) => dayOf(wall)))
  const instants = new Set(exceptions.filter((one) => !isDay(one)).map((one) => zones.at(one)))
  return (start) => instants.has(start) || (days.size > 0 && days.has(dayOf(start + offset(start))))
}
