import { type Clock, pause as wait } from '../core/clock.ts'
import { isRetry, retryAfter } from '../core/control.ts'
import { asError } from '../core/errors.ts'
import { hashShare } from '../core/hash.ts'
import type { Job } from './job.ts'
import type { Slot } from './slots.ts'

/** How one slot runs, and the callbacks for its failures and waits. */
export interface Trying {
  readonly clock: Clock
  /** Aborts when no more attempts may begin. */
  readonly stop: AbortSignal
  /** The number of the first attempt; default 1. Earlier attempts count towards `retry`. */
  readonly first?: number
  /** Makes one run. `attempt` starts at `first` and grows by one for each retry. */
  run(attempt: number): Promise<void>
  failed(error: Error): void
  /** Called after each run that is retried, with the time of the retry in ms since the epoch. */
  again?(at: number): Promise<void>
  /** Called when a wait begins; returns a function to call when the wait ends. */
  waits?(): () => void
  /** Starts a run when no other is running. Default: at once. */
  turn?<T>(run: () => Promise<T>): Promise<T>
}

/** The pauses between attempts, in ms: they double from `first` up to `last`. */
const PAUSE = { first: 1000, last: 600_000 }

/**
 * Runs one slot, with the retries that the job's `retry` or the run's `Retry` asks for. A run of `always()` restarts
 * whenever it ends. Never rejects. Resolves to whether the slot is finished: false if `stop` prevented an attempt.
 */
export async function retryLoop(job: Job, slot: Slot, trying: Trying): Promise<boolean> {
  const { clock, stop, first = 1, run, failed, again, turn = (act) => act() } = trying
  const rest = async (ms: number): Promise<void> => {
    const over = trying.waits?.()
    await wait(clock, ms, stop)
    over?.()
  }
  const early = (slot.from ?? 0) - clock.now()
  if (early > 0) await rest(early)
  const endless = isEndless(job, slot)
  let pauses = first - 1
  for (let attempt = first; !stop.aborted; attempt++) {
    let began = clock.now()
    const outcome = await turn(async (): Promise<{ readonly error?: unknown } | undefined> => {
      if (stop.aborted) return undefined
      began = clock.now()
      try {
        await run(attempt)
        return {}
      } catch (error) {
        failed(asError(error))
        return { error }
      }
    })
    if (outcome === undefined) break
    const { error } = outcome
    if (!('error' in outcome) && (!endless || stop.aborted)) return true
    // A run that lasted this long was healthy, so the pauses start over.
    pauses = clock.now() - began > patience(endless, pauses) ? 1 : pauses + 1
    const pause = pauseAfter(job, { error, attempt, pauses, endless })
    if (pause === undefined) return true
    await again?.(clock.now() + pause)
    await rest(pause)
  }
  return false
}

// A run of `always()` restarts whenever it ends, except a manual one, whose requester waits for its end.
function isEndless({ schedule }: Job, { byHand }: Slot): boolean {
  return schedule.kind === 'always' && byHand !== true
}

// A run of `always()` counts as healthy once it has lasted longer than the pause before it.
function patience(endless: boolean, pauses: number): number {
  return endless ? nth(pauses) : PAUSE.last
}

function nth(pauses: number): number {
  return Math.min(PAUSE.first * 2 ** (pauses - 1), PAUSE.last)
}

interface Ended {
  readonly error: unknown
  readonly attempt: number
  readonly pauses: number
  readonly endless: boolean
}

// Retries without limit if the run threw `Retry` or is endless; otherwise up to `settings.retry` times.
function pauseAfter({ settings }: Job, { error, attempt, pauses, endless }: Ended): number | undefined {
  if (isRetry(error)) return retryAfter(error) ?? nth(pauses)
  if (!endless && attempt > settings.retry) return undefined
  return nth(pauses)
}

/** When a run is due, in ms: its slot plus its jitter, a hash that stays the same after a restart. */
export function dueAt({ name, settings }: Job, { at, asked }: Slot): number {
  if (settings.jitter === 0 || asked === true) return at.getTime()
  return at.getTime() + Math.floor(hashShare(`${name}\0${at.getTime()}`) * settings.jitter)
}
