import { firstValueFrom, merge, type Observable } from 'rxjs'
import { abort$ } from '../../core/clock.ts'
import type { Lag } from '../../log/port.ts'

/** Whether no event is left to deliver and no delivery is running. Events that wait for a retry do not count. */
export function isIdle({ behind, running }: Lag): boolean {
  return behind + running === 0
}

/**
 * Resolves when `look` returns true, or when `stop` aborts. Calls `look` once at first, and again after each change;
 * never on a timer, because the clock may be virtual and stand still.
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
    // Subscribe before the call, so that a change during it is not missed.
    const changed = firstValueFrom(either$, { defaultValue: undefined })
    if (await look()) return
    await changed
    // Many deliveries end within one turn of the event loop: one call covers all of them.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
