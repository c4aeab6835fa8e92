import { asError } from './errors.ts'

type AbortListener = ((event: Event) => void) | { handleEvent(event: Event): void }

/**
 * Makes a signal safe to pass to user code, and returns it. Node raises an uncaught exception for an abort listener that
 * throws, or that returns a promise that rejects; here `failed` is called instead. Listeners on signals derived from this
 * one (`AbortSignal.any`) are out of reach.
 */
export function guardSignal(signal: AbortSignal, failed: (error: Error) => void): AbortSignal {
  const { addEventListener, removeEventListener } = signal
  const guards = new WeakMap<object, AbortListener>()
  const fail = (error: unknown): void => failed(asError(error))
  const guard = (listener: AbortListener): AbortListener => {
    const known = guards.get(listener)
    if (known !== undefined) return known
    const guarded = function (this: unknown, event: Event): void {
      try {
        const answer: unknown =
          typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event)
        // The constructor also catches a thenable whose `then` getter throws.
        new Promise((resolve) => resolve(answer)).catch(fail)
      } catch (error) {
        fail(error)
      }
    }
    guards.set(listener, guarded)
    return guarded
  }
  const isListener = (value: unknown): value is AbortListener =>
    typeof value === 'function' || (typeof value === 'object' && value !== null)
  return Object.defineProperties(signal, {
    // `onabort = …` calls this as well.
    addEventListener: {
      value: (type: string, listener: AbortListener, options?: object) =>
        addEventListener.call(signal, type, isListener(listener) ? guard(listener) : listener, options),
    },
    removeEventListener: {
      value: (type: string, listener: AbortListener, options?: object) =>
        removeEventListener.call(signal, type, (isListener(listener) && guards.get(listener)) || listener, options),
    },
  })
}
