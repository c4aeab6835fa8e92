import type { Clock } from './clock.ts'
import { asError } from './errors.ts'

export interface TimeLimit {
  readonly clock: Clock
  /** In ms; undefined: none. */
  readonly timeout: number | undefined
  /** The error when the time is up. */
  late(): Error
}

// One for all: an abort without a reason makes a DOMException with its stack, which costs more than most deliveries.
export const WORK_ENDED = new Error('the work is over')

/**
 * A piece of work that can be ended: by its time, or from outside. Whoever is late is told by the signal, and left
 * behind: a promise can't be cancelled. Signals cost microseconds, so this one is made when somebody asks for it.
 */
export class StoppableWork {
  #controller: AbortController | undefined
  #reason: Error | undefined
  #reject: (reason: Error) => void = () => undefined
  readonly #onEnd: (() => void)[] = []

  /** Aborts when the work is stopped, and in any case once it is over. */
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

  /** Does the work; settles as it does, unless its time is up or it is stopped before. Once for each `Work`. */
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
    // Before the signal tells: whoever hears it must find the work over.
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
    // Async, so that what it throws at once ends it too.
    return limited.run(limit, async () => work(limited.signal))
  })
}

/**
 * Gives `work` a signal that aborts when any of these does, and lets go of them afterwards. (`AbortSignal.any` holds on
 * to signals that live long, and an agent's live as long as it does.)
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
