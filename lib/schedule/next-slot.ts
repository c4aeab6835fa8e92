import { describe } from '../core/errors.ts'
import { invalid, type Schedule } from './schedule.ts'

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
