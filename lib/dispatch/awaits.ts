import { isObservable } from 'rxjs'
import { subscribe } from '../core/subscribe.ts'

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
    const values = subscribe(result, {
      next: () => undefined,
      error: (error) => queueMicrotask(() => waiter.fail(error)),
      complete: () => queueMicrotask(() => waiter.awaited(undefined)),
    })
    waiter.onOver(() => values.unsubscribe())
    return true
  }
  const { then } = result as { readonly then?: unknown }
  if (typeof then !== 'function') return false
  settled(result as PromiseLike<unknown>, then).then(
    (value) => waiter.awaited(value),
    (error) => waiter.fail(error),
  )
  return true
}

// A `then` of the user's may call back at once, twice, or throw. A promise of our own settles once, and later.
function settled(result: PromiseLike<unknown>, then: unknown): Promise<unknown> {
  const isPlain = result instanceof Promise && result.constructor === Promise && then === Promise.prototype.then
  return isPlain ? result : new Promise((resolve) => resolve(result))
}
