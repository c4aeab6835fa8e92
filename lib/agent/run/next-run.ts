import { MINUTE } from '../../core/time-units.ts'
import type { Job } from '../../job/job.ts'
import type { Slot } from '../../job/slots.ts'
import { nextSlot } from '../../schedule/schedule.ts'

/** The next run of a job. */
export interface NextRun {
  /** When it begins; absent if unknown. */
  readonly next?: Date
  /** By when it has ended or is abandoned; absent if unknown. */
  readonly expectedBy?: Date
}

/** The settled slots of a job. */
export interface SettledSlots {
  /** When the job was first seen, in ms since the epoch. */
  readonly anchor: number
  /** All its slots up to here are settled, in ms since the epoch; default: none. */
  readonly upTo?: number | undefined
}

/**
 * When a job that is not paused runs next: after now, and after all settled slots, which may lie ahead if the clock
 * was.
 */
export function nextRun({ schedule, settings }: Job, { anchor, upTo = anchor }: SettledSlots, now: number): NextRun {
  const next = settings.enabled ? slotAfter(schedule, Math.max(now, upTo), anchor) : undefined
  if (next === undefined) return {}
  return { next, ...expectedBy(settings, next) }
}

/** By when the run for a slot has ended or is abandoned. */
export function expectedBy({ timeout, jitter }: Job['settings'], slot: Date): Pick<NextRun, 'expectedBy'> {
  const expectedBy = new Date(slot.getTime() + jitter + (timeout ?? Number.NaN))
  // No timeout, or one that ends after the last instant a Date can hold.
  return Number.isNaN(expectedBy.getTime()) ? {} : { expectedBy }
}

/** No clock is ahead by more than this, in ms, by chance. */
const AHEAD = 600_000

/**
 * Until when a job rests because its slots were settled while the clock was ahead: by more than one of its intervals,
 * and ten minutes. Undefined if it does not rest.
 */
export function restsUntil({ schedule, settings }: Job, { anchor, upTo }: SettledSlots, now: number): Date | undefined {
  const last = Math.max(anchor, upTo ?? anchor)
  if (!settings.enabled || last - now <= AHEAD) return undefined
  const next = slotAfter(schedule, last, anchor)
  return next === undefined || last - now <= next.getTime() - last ? undefined : next
}

/**
 * A slot is overdue once the next slot has passed too, or after this long, in ms: no timer is more than 30 s late, even
 * after the machine was suspended.
 */
const PATIENCE = MINUTE

/** The slots of a job that have come without a started run, and the one that its schedule waits for. */
export interface ComingSlots {
  readonly due: Iterable<Slot>
  readonly awaited: Date | undefined
}

/** A slot that has passed without a started run. A slot that other runs hold up has not come yet. */
export function overdueSlot(job: Job, anchor: number, now: number, { due, awaited }: ComingSlots): Date | undefined {
  const late = (slot: Date): number => now - slot.getTime()
  const patience = (slot: Date): number => {
    const next = slotAfter(job.schedule, slot.getTime(), anchor)
    return next === undefined ? PATIENCE : Math.min(next.getTime() - slot.getTime(), PATIENCE)
  }
  const overdue = [...due].find(({ at }) => late(at) > job.settings.jitter + patience(at))?.at
  return overdue ?? (awaited !== undefined && late(awaited) > patience(awaited) ? awaited : undefined)
}

/** The next slot of a schedule; undefined at its end, or if the schedule throws. */
export function slotAfter(schedule: Job['schedule'], after: number, anchor: number): Date | undefined {
  try {
    return nextSlot(schedule, new Date(after), new Date(anchor))
  } catch {
    // A schedule that throws has ended its job, which reports that itself.
    return undefined
  }
}
