/**
 * Tells work that it must end, as an AbortController does. It costs a tenth: an AbortSignal is created when first asked
 * for, and most runs never ask.
 */
export class Stop {
  #isStopped = false
  #reason: unknown
  #callbacks: Set<() => void> | undefined
  #controller: AbortController | undefined

  /** A stop that follows a signal for as long as that lives; for one that lives as long as an agent. */
  static following(signal: AbortSignal): Stop {
    const stop = new Stop()
    onStop(signal, () => stop.abort(signal.reason))
    return stop
  }

  /** Whether the work must end. */
  get aborted(): boolean {
    return this.#isStopped
  }

  /** Why; undefined until then. */
  get reason(): unknown {
    return this.#reason
  }

  /** The same as an AbortSignal. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isStopped) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /**
   * Calls back in order, and then aborts the signal; does nothing the second time. Callbacks must not throw.
   *
   * @param reason default that of an AbortController
   */
  abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#reason = reason
    const callbacks = this.#callbacks
    this.#callbacks = undefined
    if (callbacks !== undefined) for (const callback of callbacks) callback()
    this.#controller?.abort(reason)
  }

  /** Adds a callback, which must not be there yet. Returns a function that removes it. */
  add(callback: () => void): () => void {
    this.#callbacks ??= new Set()
    this.#callbacks.add(callback)
    return () => void this.#callbacks?.delete(callback)
  }
}

/** What tells work to end. */
export type Stopping = AbortSignal | Stop

const NOTHING = (): void => undefined

/** Calls back once when the work must end, at once if it must already. Returns a function that prevents that. */
export function onStop(stopping: Stopping, callback: () => void): () => void {
  if (stopping.aborted) {
    callback()
    return NOTHING
  }
  if (stopping instanceof Stop) return stopping.add(callback)
  stopping.addEventListener('abort', callback, { once: true })
  return () => stopping.removeEventListener('abort', callback)
}

/** Makes `stop` end with the first of these. Returns a function that ends that. */
export function linkStop(stop: Stop, all: readonly Stopping[]): () => void {
  const links = all.map((each) => onStop(each, () => stop.abort(each.reason)))
  return () => {
    for (const unlink of links) unlink()
  }
}
