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
