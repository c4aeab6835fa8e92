import { firstValueFrom, merge, type Observable } from 'rxjs'
import { abort$ } from '../core/clock.ts'
import type { Lag } from '../log/port.ts'

/** Whether nothing is left to hand out, and no delivery is running. What waits for a later attempt does not count. */
export function isIdle({ behind, running }: Lag): boolean {
  return behind + running === 0
}

/**
 * Resolves when `look` says that the work is done, or when `stop` aborts. Looks once at first, and again after each
 * change; never by a clock, which may be virtual and stand still.
 *
 * @param changes$ emits whenever the answer of `look` may have changed
 */
export async function drained(
  changes$: Observable<unknown>,
  stop: AbortSignal,
  look: () => Promise<boolean>,
): Promise<void> {
  const either$ = merge(changes$, abort$(stop))
  while (!stop.aborted) {
    // Subscribed before the look, so that a change during it is not missed.
    const changed = firstValueFrom(either$, { defaultValue: undefined })
    if (await look()) return
    await changed
    // Many deliveries end within one turn of the event loop: one look is enough for all of them.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
