import { merge, NEVER, type Observable, type Subscription } from 'rxjs'
import { aborted$, type Clock } from '../../core/clock.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import { onStandstill, STANDSTILL } from '../../core/virtual-clock.ts'

/** What has events to handle: a listener, or its consumer. */
export interface Drainable {
  /** The name of the listener. */
  readonly name: string
  /** Emits after each event that it has settled, and whenever else `isIdle` may have become true. */
  readonly changes$: Observable<unknown>
  /** Whether it has no event to handle now. */
  isIdle(): Promise<boolean>
}

/** How to wait. */
export interface Drain {
  /** Ends the wait. */
  readonly stop: AbortSignal
  /** The clock by which those that are not idle may wait. */
  readonly clock: Clock
  /** Emits when there are more of them. */
  readonly added$?: Observable<unknown>
}

/**
 * Resolves when all are idle at once, or when `stop` aborts. Never waits on a timer of the clock, because it may be
 * virtual and stand still.
 *
 * Waiting for one after the other is not enough: the last may have published an event for the first. So it asks all of
 * them again, until nothing has changed meanwhile. A listener publishes before it settles its event, so what it
 * published is seen no later than that change.
 *
 * @throws TidingsError `TIDINGS_CLOCK_STILL` if one of them can become idle only when a virtual clock is advanced
 */
export async function drained(all: () => readonly Drainable[], drain: Drain): Promise<void> {
  const { stop, added$ = NEVER } = drain
  for (let changed = true; changed && !stop.aborted; ) {
    const drainables = all()
    changed = false
    const watch = onNext(merge(added$, ...drainables.map(({ changes$ }) => changes$)), () => (changed = true))
    try {
      for (const each of drainables) await idle(each, drain)
    } finally {
      watch.unsubscribe()
    }
  }
}

async function idle(drainable: Drainable, { stop, clock }: Drain): Promise<void> {
  while (!stop.aborted) {
    let wake = (): void => undefined
    let fail = wake
    const changed = new Promise<void>((resolve, reject) => {
      wake = resolve
      fail = () => reject(standstill(drainable))
    })
    const cancel = onStandstill(clock, fail)
    const watch = onNext(merge(drainable.changes$, aborted$(stop)), wake)
    try {
      if (await drainable.isIdle()) return
      await changed
      // In one turn of the event loop thousands of events may be settled, and to ask costs more than to settle one.
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      watch.unsubscribe()
      cancel()
    }
  }
}

function standstill({ name }: Drainable): TidingsError {
  const still = `the virtual clock has stood still for ${STANDSTILL / 1000} s`
  return new TidingsError(
    'TIDINGS_CLOCK_STILL',
    `listener ${quote(name)} has events to handle, and ${still}: call clock.advance(ms), or let its handler end`,
    { details: { listener: name } },
  )
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
