import { describe, TidingsError } from '../core/errors.ts'

/** The kinds of schedules: `manual` has no slots, `always` is one run that does not end, `any` combines several. */
export type ScheduleKind = 'every' | 'cron' | 'once' | 'manual' | 'always' | 'any'

/**
 * A pure rule: given an instant, when next? It has neither clock nor state, so the same question always has the same
 * answer, also after a restart. The instants are called slots.
 *
 * A schedule of your own needs only `next` and `toString`.
 */
export interface Schedule {
  /** Which kind it is; absent for schedules of your own. */
  readonly kind?: ScheduleKind
  /**
   * The first slot that is strictly later than both `after` and `anchor`, or undefined if there is no more.
   *
   * @param anchor When the job was first seen: intervals are counted from it. Default: `after`.
   */
  next(after: Date, anchor?: Date): Date | undefined
  /** The same schedule in `timezone`, unless it names a zone of its own. */
  inZone?(timezone: string): Schedule
  /** The schedule in words: `every monday at 13:15 Europe/Amsterdam`. The log knows a schedule by them. */
  toString(): string
}

/** The rule of a schedule, in ms since the epoch: the first slot later than `from`, which is not before `anchor`. */
export type SlotAfter = (from: number, anchor: number) => number | undefined

/** The last instant that a Date can represent. */
const LAST = 8_640_000_000_000_000

/** Makes a schedule from its rule: checks dates, and converts them to milliseconds and back. */
export function schedule(kind: ScheduleKind, text: string, slotAfter: SlotAfter): Schedule {
  return {
    kind,
    next(after, anchor = after) {
      const start = checkDate(anchor, 'next')
      const slot = slotAfter(Math.max(checkDate(after, 'next'), start), start)
      return slot === undefined || slot > LAST ? undefined : new Date(slot)
    },
    toString: () => text,
  }
}

/** The milliseconds of a Date. Throws if it is not a valid Date. */
export function checkDate(date: Date, what: string): number {
  const ms = date instanceof Date ? date.getTime() : Number.NaN
  if (Number.isNaN(ms))
    throw invalid(`${what}: expected a valid Date, got ${date instanceof Date ? 'Invalid Date' : describe(date)}`)
  return ms
}

/** The error of all schedules. */
export function invalid(message: string, cause?: unknown): TidingsError {
  return new TidingsError('TIDINGS_SCHEDULE_INVALID', message, cause === undefined ? {} : { cause })
}

/** Returns a whole number of at least `least`; throws otherwise. */
export function wholeNumber(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${what}: expected a whole number of at least ${least}, got ${describe(value)}`)
}

/** The words of any schedule, also one written by users: never throws. */
export function scheduleWords(schedule: Schedule): string {
  try {
    const words: unknown = schedule.toString()
    if (typeof words === 'string') return words
  } catch {
    // Described below, like any other value.
  }
  return describe(schedule)
}

/**
 * The next slot of any schedule, also one written by users. A slot that is not later, or not a valid Date, would make
 * the caller loop for ever.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` if it returns anything but a later instant or undefined
 */
export function nextSlot(schedule: Schedule, after: Date, anchor: Date): Date | undefined {
  // Copies: a schedule may compute in the Dates that it is given.
  const slot = schedule.next(new Date(after), new Date(anchor)) ?? undefined
  if (slot === undefined) return undefined
  // A copy: the schedule may change its own Date later, or have replaced its methods.
  const at = slot instanceof Date ? new Date(Date.prototype.getTime.call(slot)) : undefined
  if (at !== undefined && at.getTime() > after.getTime()) return at
  const got = at !== undefined && !Number.isNaN(at.getTime()) ? at.toISOString() : describe(slot)
  throw invalid(`${scheduleWords(schedule)}: expected a slot later than ${after.toISOString()}, or none, got ${got}`)
}

/**
 * The next `count` slots later than `from`, for a job that was first seen at `anchor` (default `from`); fewer if the
 * schedule ends.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` unless `count` is a whole number
 *
 * @example
 * ```ts
 * nextRuns(every(10).minutes, 3, new Date('2026-01-01T00:00:00Z')) // 00:10, 00:20 and 00:30
 * ```
 */
export function nextRuns(schedule: Schedule, count: number, from: Date, anchor: Date = from): Date[] {
  wholeNumber('nextRuns', count, 0)
  const slots: Date[] = []
  while (slots.length < count) {
    const slot = nextSlot(schedule, slots.at(-1) ?? from, anchor)
    if (slot === undefined) break
    slots.push(slot)
  }
  return slots
}
