import type { Clock } from './clock.ts'
import { asError } from './errors.ts'

/** How long a piece of work may take. */
export interface TimeLimit {
  readonly clock: Clock
  /** The time, in ms; undefined for no limit. */
  readonly timeout: number | undefined
  /** Creates the error for when the time is up. */
  late(): Error
}

/**
 * The reason of a signal whose work has ended. One for all: an abort without a reason creates a DOMException with its stack,
 * which costs more than most deliveries.
 */
export const WORK_ENDED = new Error('the work is over')

/**
 * A piece of work that ends when it settles, when its time is up, or when it is stopped. A promise can't be cancelled: late
 * work is notified by the signal and abandoned. A signal costs microseconds, so it is created on first use.
 */
export class StoppableWork {
  #controller: AbortController | undefined
  #reason: Error | undefined
  #reject: (reason: Error) => void = () => undefined
  readonly #onEnd: (() => void)[] = []

  /** Aborts when the work is stopped, and always when it is over. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Ends the work with this error; does nothing once it is over. */
  stop(reason: Error): void {
    this.#reject(reason)
    this.#end(reason)
  }

  /** Calls back when the work is stopped or over. */
  onEnd(callback: () => void): void {
    this.#onEnd.push(callback)
  }

  /** Runs the work, and settles as it does unless its time is up or it is stopped before. May be called once. */
  run<T>({ clock, timeout, late }: TimeLimit, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) return reject(this.#reason)
      this.#reject = reject
      if (timeout !== undefined) this.onEnd(clock.timer(() => this.stop(late()), timeout))
      work().then(
        (value) => {
          resolve(value)
          this.#end(WORK_ENDED)
        },
        (error) => {
          reject(error)
          this.#end(WORK_ENDED)
        },
      )
    })
  }

  #end(reason: Error): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    // Before the abort: its listeners must find the work over.
    for (const callback of this.#onEnd.splice(0)) callback()
    this.#controller?.abort(reason)
  }
}

/** Runs `work` until it settles, the time is up or one of the signals aborts. */
export async function withTimeLimit<T>(
  limit: TimeLimit & { readonly signals: readonly AbortSignal[] },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new StoppableWork()
  return withLinkedSignal(limit.signals, (outer) => {
    if (outer.aborted) limited.stop(asError(outer.reason))
    outer.addEventListener('abort', () => limited.stop(asError(outer.reason)), { once: true })
    // Async, so that a synchronous error rejects too.
    return limited.run(limit, async () => work(limited.signal))
  })
}

/**
 * Runs `work` with a signal that aborts when any of these does, and removes its listeners afterwards. (`AbortSignal.any`
 * leaks with long-lived signals, and an agent's live as long as the agent.)
 */
export async function withLinkedSignal<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const links = signals.map((signal) => {
    const abort = (): void => controller.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  })
  try {
    return await work(controller.signal)
  } finally {
    for (const unlink of links) unlink()
  }
}
