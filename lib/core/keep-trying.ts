import { type Clock, pause } from './clock.ts'
import { asError, hasCode } from './errors.ts'

/** Between two tries, in ms: doubling from the first to the longest. */
const PAUSE = { first: 100, longest: 10_000 }

/** Whether a failure may be over the next time: of the disk or the system, not one that names what is wrong. */
export function isTransient(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return hasCode(error, 'TIDINGS_LOG_FAILED') || typeof code !== 'string' || !code.startsWith('TIDINGS_')
}

/** How long to wait after so many failures in a row (from 1), in ms. */
export function retryPause(failures: number): number {
  return Math.min(PAUSE.first * 2 ** Math.min(failures - 1, 30), PAUSE.longest)
}

export interface KeepTryingOptions {
  readonly clock: Clock
  /** Ends the waiting: the failure that was last seen is thrown then. */
  readonly stop: AbortSignal
  /** Whether a failure may pass; default always. One that may not is thrown at once. */
  shouldRetry?(error: Error, failures: number): boolean
  /** Hears of each failure that another try follows, and how long that waits, in ms. */
  onFailure?(error: Error, wait: number): void
}

/** Does something until it succeeds, with growing pauses between the tries. */
export async function keepTrying<T>(
  work: () => Promise<T>,
  { clock, stop, shouldRetry: worth, onFailure: failed }: KeepTryingOptions,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (thrown) {
      const error = asError(thrown)
      if (stop.aborted || worth?.(error, failures) === false) throw error
      const wait = retryPause(failures)
      failed?.(error, wait)
      await pause(clock, wait, stop)
      if (stop.aborted) throw error
    }
  }
}
