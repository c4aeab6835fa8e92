import { type Clock, pause } from './clock.ts'
import { asError, hasCode } from './errors.ts'

/** The pauses between two tries, in ms: they double from the first to the longest. */
const PAUSE = { first: 100, longest: 10_000 }

/** Whether the next try may succeed: the disk or the system failed, rather than the engine rejecting a mistake. */
export function isTransient(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return hasCode(error, 'TIDINGS_LOG_FAILED') || typeof code !== 'string' || !code.startsWith('TIDINGS_')
}

/** The pause after this many failures in a row (from 1), in ms. */
export function retryPause(failures: number): number {
  return Math.min(PAUSE.first * 2 ** Math.min(failures - 1, 30), PAUSE.longest)
}

/** How to keep trying. */
export interface KeepTryingOptions {
  readonly clock: Clock
  /** Ends the tries when it aborts: the last failure is thrown. */
  readonly stop: AbortSignal
  /** Whether to try again after a failure, default always; otherwise the failure is thrown. */
  shouldRetry?(error: Error, failures: number): boolean
  /** Called with each failure that another try follows, and with the pause before it, in ms. */
  onFailure?(error: Error, wait: number): void
}

/** Tries until the work succeeds, with growing pauses between the tries. */
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
