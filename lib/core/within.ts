import type { Clock } from './clock.ts'
import { asError } from './errors.ts'

/**
 * - `timeout`: in ms; undefined: none
 * - `signals`: end the work from outside
 * - `late`: the error when the time is up
 */
export interface Limit {
  readonly clock: Clock
  readonly timeout: number | undefined
  readonly signals: readonly AbortSignal[]
  late(): Error
}

/**
 * Runs `work` until it settles, the time is up or an outer signal aborts. Whoever loses is told by the inner signal,
 * and left behind: a promise can't be cancelled. The inner signal aborts in any case once the work is over.
 */
export function within<T>({ clock, timeout, signals, late }: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return linked(signals, async (outer) => {
    const controller = new AbortController()
    let cancel = (): void => undefined
    const stopped = new Promise<never>((_, reject) => {
      const stop = (reason: Error): void => {
        reject(reason)
        controller.abort(reason)
      }
      if (timeout !== undefined) cancel = clock.timer(() => stop(late()), timeout)
      if (outer.aborted) stop(asError(outer.reason))
      else outer.addEventListener('abort', () => stop(asError(outer.reason)), { once: true })
    })
    stopped.catch(() => undefined)
    const working = work(controller.signal)
    working.catch(() => undefined)
    try {
      return await Promise.race([working, stopped])
    } finally {
      cancel()
      controller.abort()
    }
  })
}

/**
 * Gives `work` a signal that aborts when any of these does, and lets go of them afterwards. (`AbortSignal.any` holds on
 * to signals that live long, and an agent's live as long as it does.)
 */
export async function linked<T>(signals: readonly AbortSignal[], work: (signal: AbortSignal) => Promise<T>): Promise<T> {
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
