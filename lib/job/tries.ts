import { createHash } from 'node:crypto'
import { type Clock, pause as wait } from '../core/clock.ts'
import { isRetry, retryAfter } from '../core/control.ts'
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
  /** Hears of each run that another one is to follow. */
  again?(): Promise<void>
}

/** Between the tries of a run, in ms: doubling from the first to the last. */
const PAUSE = { first: 1000, last: 600_000 }

/**
 * One slot: its run, tried again as often as the job, or the run itself, asks for; that of `always()` begins again
 * whenever it ended. Never rejects. Resolves to whether the slot is done with: not when it would have been tried again,
 * had nobody stopped it.
 */
export async function tries(job: Job, slot: Slot, { clock, stop, run, failed, again }: Trying): Promise<boolean> {
  const { jitter } = job.settings
  if (jitter > 0) await wait(clock, Math.min(Math.max(dueAt(job, slot) - clock.now(), 0), jitter), stop)
  let pauses = 0
  for (let attempt = 1; !stop.aborted; attempt++) {
    const began = clock.now()
    let error: unknown
    try {
      await run(attempt)
      if (job.schedule.kind !== 'always' || stop.aborted) return true
    } catch (thrown) {
      error = thrown
      failed(asError(thrown))
    }
    // A run that went on for that long was well before it ended.
    pauses = clock.now() - began > patience(job, pauses) ? 1 : pauses + 1
    const pause = pauseAfter(job, error, attempt, pauses)
    if (pause === undefined) return true
    await again?.()
    await wait(clock, pause, stop)
  }
  return false
}

// One that should never end has come far when it has lasted longer than the pause before it.
function patience({ schedule }: Job, pauses: number): number {
  return schedule.kind === 'always' ? nth(pauses) : PAUSE.last
}

function nth(pauses: number): number {
  return Math.min(PAUSE.first * 2 ** (pauses - 1), PAUSE.last)
}

// A run that asks to be tried again is; so is one that should never end. Others are as often as the job says.
function pauseAfter({ settings, schedule }: Job, error: unknown, attempt: number, pauses: number): number | undefined {
  if (isRetry(error)) return retryAfter(error) ?? nth(pauses)
  if (schedule.kind !== 'always' && attempt > settings.retry) return undefined
  return nth(pauses)
}

/** When a run is to begin, in ms: at its slot, and later by its jitter, a hash that is the same after a restart. */
export function dueAt({ name, settings }: Job, { at }: Slot): number {
  if (settings.jitter === 0) return at.getTime()
  const digest = createHash('sha256').update(`${name}\0${at.getTime()}`).digest()
  return at.getTime() + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * settings.jitter)
}
