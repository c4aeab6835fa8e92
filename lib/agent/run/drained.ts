import { merge, NEVER, type Observable } from 'rxjs'
import { aborted$ } from '../../core/clock.ts'

/** What has events to handle: a listener, or its consumer. */
export interface Drainable {
  /** Emits after each event that it has settled, and whenever else `isIdle` may have become true. */
  readonly changes$: Observable<unknown>
  /** Whether it has no event to handle now. */
  isIdle(): Promise<boolean>
}

/**
 * Resolves when all are idle at once, or when `stop` aborts. Never waits on a timer, because the clock may be virtual
 * and stand still.
 *
 * Waiting for one after the other is not enough: the last may have published an event for the first. So it asks all of
 * them again, until nothing has changed meanwhile. A listener publishes before it settles its event, so what it
 * published is seen no later than that change.
 *
 * @param added$ emits when `all` gives more of them
 */
export async function drained(
  all: () => readonly Drainable[],
  stop: AbortSignal,
  added$: Observable<unknown> = NEVER,
): Promise<void> {
  for (let changed = true; changed && !stop.aborted; ) {
    const drainables = all()
    const watch = merge(added$, ...drainables.map(({ changes$ }) => changes$)).subscribe(() => (changed = true))
    // An Observable may emit when it is subscribed.
    changed = false
    try {
      for (const each of drainables) await idle(each, stop)
    } finally {
      watch.unsubscribe()
    }
  }
}

async function idle(drainable: Drainable, stop: AbortSignal): Promise<void> {
  let changed = false
  let wake = (): void => undefined
  const watch = merge(drainable.changes$, aborted$(stop)).subscribe(() => {
    changed = true
    wake()
  })
  try {
    while (!stop.aborted) {
      changed = false
      if (await drainable.isIdle()) return
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    watch.unsubscribe()
  }
}
