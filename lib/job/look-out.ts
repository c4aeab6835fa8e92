import type { Cancel, Clock } from '../core/clock.ts'
import type { Recorder } from './record.ts'

/** How often it is looked what a run that should never end has told, in ms. */
const EVERY = 60_000

/** What a run that should never end does meanwhile. */
export interface Look {
  /** When it told something last, in ms since the epoch; absent: nothing since the last look. */
  readonly told?: number
  /** How long it has gone on, in ms. */
  readonly watched: number
}

/** Looks at what a run tells, every minute and when it ends; returns what says that it has ended. */
export function lookOut(recorder: Recorder, clock: Clock, seen: (look: Look) => void): () => void {
  const began = clock.now()
  let before: number | undefined
  let cancel: Cancel
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
