import type { Job } from '../job/job.ts'
import { nextSlot } from '../schedule/next-slot.ts'

/** When a job runs next, and by when that run has ended at the latest, or is abandoned; absent: nobody can say. */
export interface Upcoming {
  readonly next?: Date
  readonly expectedBy?: Date
}

/** When a job that was first seen at `anchor` (ms since the epoch), and is not paused, runs next. */
export function upcoming({ schedule, settings }: Job, anchor: number, now: number): Upcoming {
  const next = settings.enabled ? slotAfter(schedule, now, anchor) : undefined
  if (next === undefined) return {}
  const { timeout, jitter } = settings
  const expectedBy = new Date(next.getTime() + jitter + (timeout ?? Number.NaN))
  // No timeout, or one that ends after the last instant a Date can hold.
  return Number.isNaN(expectedBy.getTime()) ? { next } : { next, expectedBy }
}

/** The next slot of a schedule; undefined when there is none, or when it can't say. */
export function slotAfter(schedule: Job['schedule'], after: number, anchor: number): Date | undefined {
  try {
    return nextSlot(schedule, new Date(after), new Date(anchor))
  } catch {
    // A schedule that fails has ended its job, which says so itself.
    return undefined
  }
}
