import { brand, isBranded } from './brand.ts'
import { type Duration, formatDuration, parseDuration } from './duration.ts'
import { TidingsError } from './errors.ts'
import { DAY } from './time-units.ts'

/**
 * Thrown by a run or a handler: try again, after this long instead of the usual backoff. It counts as an attempt.
 *
 * @example
 * ```ts
 * import { Retry } from 'tidings'
 *
 * const tooManyRequests = (seconds: number) => new Retry({ after: seconds * 1000 })
 * console.log(tooManyRequests(60).after)
 * ```
 */
export class Retry extends TidingsError {
  override readonly name = 'Retry'
  /** How long to wait, in ms. */
  readonly after: number

  constructor(options: { readonly after: Duration; readonly cause?: unknown }) {
    const after = parseDuration(options?.after, 'after of a Retry', { min: 0 })
    super('TIDINGS_RETRY', `asked to be tried again after ${formatDuration(after)}`, options)
    this.after = after
    brand('retry', this)
  }
}

/**
 * Thrown by a handler: set this event aside now, without further attempts.
 *
 * @example
 * ```ts
 * import { Park } from 'tidings'
 *
 * console.log(new Park('no such project').message)
 * ```
 */
export class Park extends TidingsError {
  override readonly name = 'Park'

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('TIDINGS_PARKED', reason, options)
    brand('park', this)
  }
}

/**
 * Thrown by a run that went well: its job is to run no more. What it published and its state are kept; the job is
 * paused, with this reason, also over restarts, until somebody resumes it.
 *
 * @example
 * ```ts
 * import { Cancel, every, job } from 'tidings'
 *
 * const awaitRelease = job('await_release', every(10).minutes, async ({ publish, fetch }) => {
 *   const { status } = await fetch('https://example.com/releases/2.0')
 *   if (status !== 200) return
 *   publish('released', '2.0', null)
 *   throw new Cancel('it is out')
 * })
 * ```
 */
export class Cancel extends TidingsError {
  override readonly name = 'Cancel'

  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('TIDINGS_CANCELLED', reason, options)
    brand('cancel', this)
  }
}

/** Whether a `Retry` was thrown, by this copy of the package or another. */
export function isRetry(error: unknown): error is Retry {
  return isBranded('retry', error)
}

/** A century, in ms: `at` has to stay a date that can be written. */
const LONGEST_RETRY = 100 * 365 * DAY

/**
 * How long a `Retry` asks to wait, in ms, at most a century; undefined when `error` is no `Retry`, or when its `after` was
 * replaced by something that is no duration: the usual backoff applies then.
 */
export function retryAfter(error: unknown): number | undefined {
  try {
    if (!isRetry(error)) return undefined
    const after: unknown = error.after
    return Number.isSafeInteger(after) && (after as number) >= 0 ? Math.min(after as number, LONGEST_RETRY) : undefined
  } catch {
    // A getter or a proxy that throws.
    return undefined
  }
}

/** Whether a `Cancel` was thrown, by this copy of the package or another. */
export function isCancel(error: unknown): error is Cancel {
  return isBranded('cancel', error)
}

/** Whether a `Park` was thrown, by this copy of the package or another. */
export function isPark(error: unknown): error is Park {
  return isBranded('park', error)
}
