import type { Clock } from './clock.ts'
import { asError } from './errors.ts'

/**
 * - `timeout`: in ms; undefined: none
 * - `signal`: ends the work from outside
 * - `late`: the error when the time is up
 */
export interface Limit {
  readonly clock: Clock
  readonly timeout: number | undefined
  readonly signal: AbortSignal
  late(): Error
}

/**
 * Runs `work` until it settles, the time is up or the outer signal aborts; whoever loses is told by the inner signal
 * and left behind: a promise can't be cancelled.
 */
export async function within<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeout, signal } = limit
  const controller = new AbortController()
  let cancel = (): void => undefined
  const stopped = new Promise<never>((_, reject) => {
    const stop = (reason: Error): void => {
      reject(reason)
      controller.abort(reason)
    }
    if (timeout !== undefined) cancel = clock.timer(() => stop(limit.late()), timeout)
    const abort = (): void => stop(asError(signal.reason))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true, signal: controller.signal })
  })
  stopped.catch(() => undefined)
  try {
    const working = work(controller.signal)
    working.catch(() => undefined)
    return await Promise.race([working, stopped])
  } finally {
    cancel()
    controller.abort()
  }
}
