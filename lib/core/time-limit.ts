import type { Clock } from './clock.ts'
import { asError } from './errors.ts'
import { onStop, Stop, type Stopping } from './stop.ts'

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
 * work is notified by the signal and abandoned. Its callbacks find the work over, and its signal aborts after them.
 */
export class StoppableWork extends Stop {
  #reject: (reason: Error) => void = () => undefined

  /** Ends the work with this error; does nothing once it is over. */
  stop(reason: Error): void {
    this.#reject(reason)
    this.abort(reason)
  }

  /** Runs the work, and settles as it does unless its time is up or it is stopped before. May be called once. */
  run<T>({ clock, timeout, late }: TimeLimit, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.aborted) return reject(this.reason)
      this.#reject = reject
      if (timeout !== undefined) this.add(clock.timer(() => this.stop(late()), timeout))
      work().then(
        (value) => {
          resolve(value)
          this.abort(WORK_ENDED)
        },
        (error) => {
          reject(error)
          this.abort(WORK_ENDED)
        },
      )
    })
  }
}

/** Runs `work` until it settles, the time is up or one of the signals aborts. */
export async function withTimeLimit<T>(
  limit: TimeLimit & { readonly signals: readonly Stopping[] },
  work: (over: Stop) => Promise<T>,
): Promise<T> {
  const limited = new StoppableWork()
  const links = limit.signals.map((each) => onStop(each, () => limited.stop(asError(each.reason))))
  try {
    // Async, so that a synchronous error rejects too.
    return await limited.run(limit, async () => work(limited))
  } finally {
    for (const unlink of links) unlink()
  }
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
