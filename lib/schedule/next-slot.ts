import { describe } from '../core/errors.ts'
import { invalid, type Schedule } from './schedule.ts'

/**
 * The next slot of a schedule that anybody may have written. One that came again and again, or was no instant at all,
 * would keep whoever waits for it busy for ever.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` when it answers with anything but a later instant, or nothing
 */
export function nextSlot(schedule: Schedule, after: Date, anchor: Date): Date | undefined {
  const slot = schedule.next(after, anchor) ?? undefined
  if (slot === undefined || (slot instanceof Date && slot.getTime() > after.getTime())) return slot
  const got = slot instanceof Date && !Number.isNaN(slot.getTime()) ? slot.toISOString() : describe(slot)
  throw invalid(`${schedule}: expected a slot later than ${after.toISOString()}, or none, got ${got}`)
}
