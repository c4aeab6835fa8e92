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
  /** The first attempt to be made; default 1. Those before it count. */
  readonly first?: number
  /** Makes one run. `attempt`: `first` at first, and one more for each retry. */
  run(attempt: number): Promise<void>
  failed(error: Error): void
  /** Hears of each run that another one is to follow, and when that is due, in ms since the epoch. */
  again?(at: number): Promise<void>
  /** Hears when it begins to wait, and gives back what hears of the end of that. */
  waits?(): () => void
  /** Lets a run begin when no other one goes on. Default: at once. */
  turn?<T>(run: () => Promise<T>): Promise<T>
}

/** Between the tries of a run, in ms: doubling from the first to the last. */
const PAUSE = { first: 1000, last: 600_000 }

/**
 * One slot: its run, tried again as often as the job, or the run itself, asks for; that of `always()` begins again
 * whenever it ended. Never rejects. Resolves to whether the slot is done with: not when it would have been tried again,
 * had nobody stopped it.
 */
export async function tries(job: Job, slot: Slot, trying: Trying): Promise<boolean> {
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
    // A run that went on for that long was well before it ended.
    pauses = clock.now() - began > patience(endless, pauses) ? 1 : pauses + 1
    const pause = pauseAfter(job, { error, attempt, pauses, endless })
    if (pause === undefined) return true
    await again?.(clock.now() + pause)
    await rest(pause)
  }
  return false
}

// The run of `always()` is begun again whenever it ends; who asks for a run hears of the end of that one.
function isEndless({ schedule }: Job, { byHand }: Slot): boolean {
  return schedule.kind === 'always' && byHand !== true
}

// One that should never end has come far when it has lasted longer than the pause before it.
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

// Retry if the run threw `Retry`, or should never end; otherwise up to `settings.retry` times.
function pauseAfter({ settings }: Job, { error, attempt, pauses, endless }: Ended): number | undefined {
  if (isRetry(error)) return retryAfter(error) ?? nth(pauses)
  if (!endless && attempt > settings.retry) return undefined
  return nth(pauses)
}

/** When a run is to begin, in ms: at its slot, and later by its jitter, a hash that is the same after a restart. */
export function dueAt({ name, settings }: Job, { at, asked }: Slot): number {
  if (settings.jitter === 0 || asked === true) return at.getTime()
  const digest = createHash('sha256').update(`${name}\0${at.getTime()}`).digest()
  return at.getTime() + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * settings.jitter)
}
