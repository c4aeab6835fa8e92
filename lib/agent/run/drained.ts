import { merge, NEVER, type Observable, type Subscription } from 'rxjs'
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
    changed = false
    const watch = onNext(merge(added$, ...drainables.map(({ changes$ }) => changes$)), () => (changed = true))
    try {
      for (const each of drainables) await idle(each, stop)
    } finally {
      watch.unsubscribe()
    }
  }
}

async function idle(drainable: Drainable, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    let wake = (): void => undefined
    const changed = new Promise<void>((resolve) => (wake = resolve))
    const watch = onNext(merge(drainable.changes$, aborted$(stop)), wake)
    try {
      if (await drainable.isIdle()) return
      await changed
    } finally {
      watch.unsubscribe()
    }
  }
}

// Calls back once, at the next change: not for what an Observable emits when it is subscribed, and not for each of the
// thousands of events that are settled in one turn.
function onNext(changes$: Observable<unknown>, callback: () => void): Subscription {
  let isSubscribed = false
  const watch = changes$.subscribe(() => {
    if (!isSubscribed) return
    watch.unsubscribe()
    callback()
  })
  isSubscribed = true
  return watch
}
