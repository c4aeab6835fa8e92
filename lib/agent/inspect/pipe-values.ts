import { type Observable, take } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import { safeSubscribe } from '../../core/safe-subscribe.ts'

/** What left a pipe: its values, or its error. */
export type Left = { readonly values: readonly unknown[] } | { readonly error: unknown }

/** How long a pipe may take, in ms, and by which clock. */
export interface Bound {
  readonly clock: Clock
  readonly timeout: number
}

/** The most values of one event that are kept. */
const MOST = 10_000

/**
 * Runs a pipe to its end and collects what leaves it. A pipe that is synchronous is over when this returns. One that takes
 * longer than its timeout, or makes more than 10 000 values, has failed.
 */
export function valuesOf(pipe: Observable<unknown>, bound: Bound): Left | Promise<Left> {
  const values: unknown[] = []
  let left: Left | undefined
  let ended: (left: Left) => void = () => undefined
  const end = (how: Left): void => {
    left ??= how
    ended(left)
  }
  // One more than the most: a synchronous source may be endless.
  const subscription = safeSubscribe(pipe.pipe(take(MOST + 1)), {
    next: (value) => void values.push(value),
    error: (error) => end({ error }),
    complete: () => end(values.length > MOST ? { error: tooMany() } : { values }),
  })
  if (left !== undefined) return left
  return new Promise((resolve) => {
    const cancel = bound.clock.timer(() => end({ error: tooLong(bound.timeout) }), bound.timeout)
    ended = (how) => {
      cancel()
      subscription.unsubscribe()
      resolve(how)
    }
  })
}

function tooMany(): Error {
  return new Error(`the pipe made more than ${MOST} values of one event`)
}

function tooLong(timeout: number): TidingsError {
  const words = `the pipe took longer than the timeout of ${timeout} ms`
  return new TidingsError('TIDINGS_LISTENER_TIMEOUT', words, { details: { timeout } })
}
