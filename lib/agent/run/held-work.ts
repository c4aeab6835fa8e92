import { setMaxListeners } from 'node:events'
import { withLinkedSignal } from '../../core/time-limit.ts'
import type { Hold, Log } from '../../log/port.ts'

/** Asks without waiting. */
const NOW = AbortSignal.abort()

/** What work under a hold needs. */
export interface Under {
  /** The log, which stores nothing once the hold is lost. */
  readonly log: Log
  /** Aborts when nothing more may begin. */
  readonly stop: AbortSignal
  /** Aborts when what runs must end. */
  readonly abort: AbortSignal
}

/** Work that only one of the agents on a log does at a time: driving a job, handling a listener. */
export interface HeldWork {
  readonly log: Log
  /** Aborts when the agent wants no more of it. */
  readonly stop: AbortSignal
  /** Aborts when the agent can wait no longer for what runs. */
  readonly abort: AbortSignal
  /** Takes the hold, and waits for it until the signal aborts; undefined then. Asks at least once. */
  take(signal: AbortSignal): Promise<Hold | undefined>
  /** Called whenever it is known who does the work: another agent (true), or this one. */
  standsBy(isStandby: boolean): void
  /** Works until `stop` aborts, or until there is no more to do. */
  work(under: Under, hold: Hold): Promise<void>
  /** Whether another agent may have the hold when the work has ended. */
  isFree(): boolean
}

/**
 * Works whenever this agent has the hold, until it stops (decision 0077):
 *
 * ```
 *   take ── at once ─────────────▶ working ── stop ─────────────────▶ over
 *     └── standing by ── taken ──────▶ │ ├── wanted, and it ends ───▶ released, and standing by
 *                                      │ └── lost: aborted, and nothing can be stored ──▶ standing by
 * ```
 */
export async function workWhileHeld(held: HeldWork): Promise<void> {
  const { stop, abort } = held
  while (!stop.aborted) {
    const hold = (await held.take(NOW)) ?? (await standBy(held))
    if (hold === undefined) return
    held.standsBy(false)
    const { log = held.log, lost } = hold
    try {
      await withLinkedSignal([stop, lost], (ends) =>
        withLinkedSignal([abort, lost], (cut) => {
          // Every run and delivery listens; Node reports more than ten listeners as a leak.
          setMaxListeners(0, ends, cut)
          return held.work({ log, stop: ends, abort: cut }, hold)
        }),
      )
    } catch (error) {
      // What could not be stored is done again, by the agent that has the hold now.
      if (!lost.aborted || stop.aborted) throw error
    } finally {
      if (held.isFree()) await hold.release()
    }
  }
}

async function standBy(held: HeldWork): Promise<Hold | undefined> {
  held.standsBy(true)
  return held.take(held.stop)
}
