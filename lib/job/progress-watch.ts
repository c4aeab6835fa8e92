import type { CancelTimer, Clock } from '../core/clock.ts'
import type { Recorder } from './record.ts'

/** How often a run of `always()` is checked for new events, in ms. */
const EVERY = 60_000

/** The activity of a run of `always()`. */
export interface RunProgress {
  /** When its newest event was accepted, in ms since the epoch; absent if there is none since the last check. */
  readonly told?: number
  /** How long it has run, in ms. */
  readonly watched: number
}

/** Checks a run for new events, every minute and when it ends. Call the returned function at the end of the run. */
export function watchProgress(recorder: Recorder, clock: Clock, seen: (look: RunProgress) => void): () => void {
  const began = clock.now()
  let before: number | undefined
  let cancel: CancelTimer
  const look = (): void => {
    const { toldAt } = recorder
    seen({ watched: clock.now() - began, ...(toldAt === undefined || toldAt === before ? {} : { told: toldAt }) })
    before = toldAt
  }
  const wait = (): void => {
    cancel = clock.timer(() => {
      look()
      wait()
    }, EVERY)
  }
  wait()
  return () => {
    cancel()
    look()
  }
}
