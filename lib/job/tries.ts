import { createHash } from 'node:crypto'
import { type Clock, sleepUntil, pause as wait } from '../core/clock.ts'
import { isRetry } from '../core/control.ts'
import { asError } from '../core/errors.ts'
import type { Job } from './job.ts'
import type { Slot } from './slots.ts'

/** How one slot is run, and who hears when that fails. */
export interface Trying {
  readonly clock: Clock
  /** Aborts when nothing is to be tried again. */
  readonly stop: AbortSignal
  /** Makes one run. `attempt`: 1 at first, and one more for each retry. */
  run(attempt: number): Promise<void>
  /** `again`: whether it is to be tried again. */
  failed(error: Error, again: boolean): void | Promise<void>
}

/** Between the tries of a failed run, in ms: doubling from the first to the last. */
const PAUSE = { first: 1000, last: 600_000 }

/**
 * One slot: its run, tried again as often as the job, or the run itself, asks for. Never rejects. Resolves to whether
 * the slot is done with: not when it would have been tried again, had nobody stopped it.
 */
export async function tries(job: Job, slot: Slot, { clock, stop, run, failed }: Trying): Promise<boolean> {
  if (job.settings.jitter > 0) await sleepUntil(clock, dueAt(job, slot), stop)
  let failures = 0
  for (let attempt = 1; !stop.aborted; attempt++) {
    const began = clock.now()
    try {
      await run(attempt)
      return true
    } catch (error) {
      // A run that went on for that long was well before it failed.
      failures = clock.now() - began > PAUSE.last ? 1 : failures + 1
      const pause = pauseAfter(job, error, attempt, failures)
      await failed(asError(error), pause !== undefined)
      if (pause === undefined) return true
      await wait(clock, pause, stop)
    }
  }
  return false
}

// A run that asks to be tried again is; so is one that should never end. Others are as often as the job says.
function pauseAfter(
  { settings, schedule }: Job,
  error: unknown,
  attempt: number,
  failures: number,
): number | undefined {
  if (isRetry(error)) return error.after
  if (schedule.kind !== 'always' && attempt > settings.retry) return undefined
  return Math.min(PAUSE.first * 2 ** (failures - 1), PAUSE.last)
}

/** When a run is to begin, in ms: at its slot, and later by its jitter, a hash that is the same after a restart. */
export function dueAt({ name, settings }: Job, { at }: Slot): number {
  if (settings.jitter === 0) return at.getTime()
  const digest = createHash('sha256').update(`${name}\0${at.getTime()}`).digest()
  return at.getTime() + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * settings.jitter)
}
