import { createHash } from 'node:crypto'
import { type Clock, sleepUntil } from '../core/clock.ts'
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
  failed(error: Error): void
}

/** Between the tries of a failed run, in ms: doubling from the first to the last. */
const PAUSE = { first: 1000, last: 600_000 }

/** One slot: its run, tried again as often as the job, or the run itself, asks for. Never rejects. */
export async function tries(job: Job, slot: Slot, { clock, stop, run, failed }: Trying): Promise<void> {
  if (job.settings.jitter > 0) await sleepUntil(clock, slot.at.getTime() + jitter(job, slot), stop)
  for (let attempt = 1; !stop.aborted; attempt++) {
    try {
      return await run(attempt)
    } catch (error) {
      failed(asError(error))
      const pause = pauseAfter(job, error, attempt)
      if (pause === undefined) return
      await sleepUntil(clock, clock.now() + pause, stop)
    }
  }
}

// A run that asks to be tried again is; so is one that should never end. Others are as often as the job says.
function pauseAfter({ settings, schedule }: Job, error: unknown, attempt: number): number | undefined {
  if (isRetry(error)) return error.after
  if (schedule.kind !== 'always' && attempt > settings.retry) return undefined
  return Math.min(PAUSE.first * 2 ** (attempt - 1), PAUSE.last)
}

// A hash of the slot: as late after a restart as before it.
function jitter({ name, settings }: Job, { at }: Slot): number {
  const digest = createHash('sha256').update(`${name}\0${at.getTime()}`).digest()
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * settings.jitter)
}
