import { isObservable } from 'rxjs'
import { safeSubscribe } from '../core/safe-subscribe.ts'

/** Waits for the result of a handler. */
export interface Waiter {
  /** The result has settled with this value, which may have to be awaited too. */
  awaited(value: unknown): void
  fail(error: unknown): void
  /** Calls back when the wait is over. */
  onOver(callback: () => void): void
}

/**
 * Runs a promise or an Observable, also a nested one, to its end. Returns false for any other result, which is ignored.
 */
export function awaits(result: unknown, waiter: Waiter): boolean {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return false
  if (isObservable(result)) {
    // Deferred: another handler may end the Observable, and nothing may begin in the middle of that handler.
    const values = safeSubscribe(result, {
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

// A user's `then` may call back synchronously or twice, or throw. A native promise settles once and asynchronously.
function settled(result: PromiseLike<unknown>, then: unknown): Promise<unknown> {
  const isPlain = result instanceof Promise && result.constructor === Promise && then === Promise.prototype.then
  return isPlain ? result : new Promise((resolve) => resolve(result))
}
