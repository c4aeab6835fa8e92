import { isObservable } from 'rxjs'
import { leave } from '../core/leave.ts'

/** Who waits for what a handler returned. */
export interface Waiter {
  /** It has settled with this, which may have to be waited for too. */
  awaited(value: unknown): void
  fail(error: unknown): void
  /** Calls back when nobody waits any more. */
  onOver(callback: () => void): void
}

/**
 * A promise or an Observable, or one of the other, is run to its end. False: it is anything else, an answer that nobody
 * asked for.
 */
export function awaits(result: unknown, waiter: Waiter): boolean {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return false
  if (isObservable(result)) {
    // Not in one go: it may be ended by another handler, in whose middle nothing is to begin.
    const values = result.subscribe({
      error: (error) => queueMicrotask(() => waiter.fail(error)),
      complete: () => queueMicrotask(() => waiter.awaited(undefined)),
    })
    waiter.onOver(() => leave(values))
    return true
  }
  if (typeof (result as { readonly then?: unknown }).then !== 'function') return false
  Promise.resolve(result).then(
    (value) => waiter.awaited(value),
    (error) => waiter.fail(error),
  )
  return true
}
