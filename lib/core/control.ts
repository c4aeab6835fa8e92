import { brand, isBranded } from './brand.ts'
import { type Duration, formatDuration, parseDuration } from './duration.ts'
import { describe, type ErrorCode, TidingsError } from './errors.ts'
import { checkOptions } from './options.ts'
import { DAY } from './time-units.ts'

/**
 * Thrown by a run or a handler to be tried again after a given time instead of the usual backoff. It counts as an
 * attempt.
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
  /** `Retry`. */
  override readonly name = 'Retry'
  /** The wait before the next attempt, in ms. */
  readonly after: number

  /** @throws TidingsError `TIDINGS_DURATION_INVALID`, also for an unknown option */
  constructor(options: {
    /** The wait before the next attempt: `'90s'` or ms, at least 0; more than 100 years count as 100. */
    readonly after: Duration
    /** The error behind it; it is logged and stored. */
    readonly cause?: unknown
  }) {
    checkThrown(options ?? {}, { after: true, cause: true }, 'TIDINGS_DURATION_INVALID', 'Retry')
    const after = parseDuration(options?.after, 'after of a Retry', { min: 0 })
    super('TIDINGS_RETRY', `asked to be tried again after ${formatDuration(after)}`, options)
    this.after = after
    brand('retry', this)
  }
}

/**
 * Thrown by a handler to park its event now, without further attempts.
 *
 * @example
 * ```ts
 * import { Park } from 'tidings'
 *
 * console.log(new Park('no such project').message)
 * ```
 */
export class Park extends TidingsError {
  /** `Park`. */
  override readonly name = 'Park'

  /** @throws TidingsError `TIDINGS_LISTENER_INVALID` for an unknown option */
  constructor(
    reason: string,
    options: {
      /** The error behind it; it is stored with the parked event. */
      readonly cause?: unknown
    } = {},
  ) {
    checkThrown(options, { cause: true }, 'TIDINGS_LISTENER_INVALID', 'Park')
    super('TIDINGS_PARKED', reason, options)
    brand('park', this)
  }
}

/**
 * Thrown by a run that succeeded and was the last: the job is paused with this reason, across restarts, until a person
 * resumes it. What the run published and its state are kept. Decision 0027.
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
  /** `Cancel`. */
  override readonly name = 'Cancel'

  /** @throws TidingsError `TIDINGS_JOB_INVALID` for an unknown option */
  constructor(
    reason: string,
    options: {
      /** The error behind it, if any. */
      readonly cause?: unknown
    } = {},
  ) {
    checkThrown(options, { cause: true }, 'TIDINGS_JOB_INVALID', 'Cancel')
    super('TIDINGS_CANCELLED', reason, options)
    brand('cancel', this)
  }
}

/** Also rejects an error in place of the options, which would be lost; it is kept as the cause. */
function checkThrown<O extends object>(
  options: O,
  known: { readonly [K in keyof Required<O>]: true },
  code: ErrorCode,
  name: string,
): void {
  if (options instanceof Error) {
    const words = `the options of ${name} must be an object such as { cause: error }, got ${describe(options)} itself`
    throw new TidingsError(code, words, { cause: options })
  }
  checkOptions(options, known, code, `of ${name}`)
}

/** Whether an error is a `Retry`, of this copy of the package or another. */
export function isRetry(error: unknown): error is Retry {
  return isBranded('retry', error)
}

/** A century, in ms: the time of the next attempt must fit a Date. */
const LONGEST_RETRY = 100 * 365 * DAY

/**
 * The wait that a `Retry` asks for, in ms, at most a century. Undefined for any other error, and for a `Retry` whose
 * `after` was replaced by something other than a duration: the usual backoff applies.
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

/** Whether an error is a `Cancel`, of this copy of the package or another. */
export function isCancel(error: unknown): error is Cancel {
  return isBranded('cancel', error)
}

/** Whether an error is a `Park`, of this copy of the package or another. */
export function isPark(error: unknown): error is Park {
  return isBranded('park', error)
}
