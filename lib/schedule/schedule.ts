import { describe, TidingsError } from '../core/errors.ts'

/**
 * What a runner may need to tell apart: `manual` never comes by itself, `always` is one run that does not end,
 * `any` is several schedules in one.
 */
export type ScheduleKind = 'every' | 'cron' | 'once' | 'manual' | 'always' | 'any'

/**
 * A pure rule that answers: given an instant, when next? It holds no clock and no state, so the same question always
 * has the same answer, also after a restart. The instants it answers with are called slots.
 *
 * A schedule written by hand needs only `next` and `toString`.
 */
export interface Schedule {
  readonly kind?: ScheduleKind
  /**
   * The first slot that is strictly later than both `after` and `anchor`, or undefined when none comes any more.
   *
   * @param anchor When the job was first seen: intervals are counted from it. Default: `after`.
   */
  next(after: Date, anchor?: Date): Date | undefined
  /** The same schedule, read in `timezone` wherever it names no zone of its own. */
  inZone?(timezone: string): Schedule
  /** A few words for people: `every monday at 13:15 Europe/Amsterdam`. */
  toString(): string
}

/** The heart of a schedule, in ms since the epoch: the first slot later than `from`, which is not before `anchor`. */
export type SlotAfter = (from: number, anchor: number) => number | undefined

/** The last instant that a Date can name. */
const LAST = 8_640_000_000_000_000

/** A schedule from its heart: dates are checked and turned into milliseconds and back in this one place. */
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

/** The milliseconds of a date that is one. */
export function checkDate(date: Date, what: string): number {
  const ms = date instanceof Date ? date.getTime() : Number.NaN
  if (Number.isNaN(ms))
    throw invalid(`${what}: expected a valid Date, got ${date instanceof Date ? 'Invalid Date' : describe(date)}`)
  return ms
}

/** The error of everything in this folder: what was expected, what came instead. */
export function invalid(message: string, cause?: unknown): TidingsError {
  return new TidingsError('TIDINGS_SCHEDULE_INVALID', message, cause === undefined ? {} : { cause })
}

/** The number, if it is a whole one of at least `least`. */
export function wholeNumber(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${what}: expected a whole number of at least ${least}, got ${describe(value)}`)
}

/** The words of a schedule that anybody may have written: never throws. */
export function scheduleWords(schedule: Schedule): string {
  try {
    const words: unknown = schedule.toString()
    if (typeof words === 'string') return words
  } catch {
    // Told as any other value is.
  }
  return describe(schedule)
}

/**
 * The next slot of a schedule that anybody may have written. One that came again and again, or was no instant at all,
 * would keep whoever waits for it busy for ever.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` when it answers with anything but a later instant, or nothing
 */
export function nextSlot(schedule: Schedule, after: Date, anchor: Date): Date | undefined {
  const slot = schedule.next(after, anchor) ?? undefined
  if (slot === undefined) return undefined
  // A copy: the schedule may change its own, or have made its methods throw.
  const at = slot instanceof Date ? new Date(Date.prototype.getTime.call(slot)) : undefined
  if (at !== undefined && at.getTime() > after.getTime()) return at
  const got = at !== undefined && !Number.isNaN(at.getTime()) ? at.toISOString() : describe(slot)
  throw invalid(`${scheduleWords(schedule)}: expected a slot later than ${after.toISOString()}, or none, got ${got}`)
}

/**
 * The next `count` slots later than `from`, for a job that was first seen at `anchor`, default `from`; fewer where the
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
