import type { Clock } from '../core/clock.ts'
import type { ListenerStatus } from './status.ts'

/** Between two looks at whether the listeners are done, in ms. */
const LOOK = 10

/** Resolves when no listener that goes on has anything left to do, or when the agent is to stop. */
export async function drained(clock: Clock, stop: AbortSignal, look: () => Promise<ListenerStatus>[]): Promise<void> {
  for (;;) {
    const lags = await Promise.all(look())
    const done = lags.every(({ paused, behind, running }) => paused === true || behind + running === 0)
    if (stop.aborted || done) return
    await new Promise<void>((resolve) => clock.timer(resolve, LOOK))
  }
}
