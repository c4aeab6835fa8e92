import { wholeNumber } from './count.ts'
import { nextSlot } from './next-slot.ts'
import type { Schedule } from './schedule.ts'

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
