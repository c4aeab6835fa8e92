import { isObservable, type Observable } from 'rxjs'
import { describe, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { safeSubscribe } from '../core/safe-subscribe.ts'
import { snapshotDraft } from '../log/snapshot-draft.ts'

/**
 * Passes every draft that a run returned to `each`, in order, from a value, iterable or Observable. Ends early when the
 * signal aborts.
 *
 * @param inLine receives, for each emitted draft, a promise that resolves once `each` has taken it
 * @throws TidingsError `TIDINGS_JOB_RESULT` when the result is not drafts
 */
export async function eachDraft(
  result: unknown,
  signal: AbortSignal,
  each: (draft: Draft) => void | Promise<void>,
  inLine: (taken: Promise<void>) => void = () => undefined,
): Promise<void> {
  const settled = await result
  if (settled === undefined || settled === null || isReceipt(settled)) return
  if (isDraft(settled)) return each(snapshotDraft(settled))
  if (isObservable(settled)) return eachEmitted(settled as Observable<Draft>, signal, each, inLine)
  if (typeof settled !== 'object' || !(Symbol.iterator in settled || Symbol.asyncIterator in settled))
    throw noDrafts(settled)
  for await (const draft of settled as AsyncIterable<Draft>) {
    if (signal.aborted) return
    await each(asItIs(draft))
  }
}

// Drafts that are emitted faster than `each` takes them are queued, as in concatMap.
function eachEmitted(
  drafts: Observable<Draft>,
  signal: AbortSignal,
  each: (draft: Draft) => void | Promise<void>,
  inLine: (taken: Promise<void>) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let taken: Promise<void> = Promise.resolve()
    const subscription = safeSubscribe(drafts, {
      next: (given) => {
        const draft = asItIs(given)
        taken = taken.then(() => each(draft))
        inLine(taken)
        taken.catch(reject)
      },
      error: (error) => void taken.then(() => reject(error), reject),
      complete: () => void taken.then(resolve, reject),
    })
    const stop = (): void => {
      subscription.unsubscribe()
      taken.then(resolve, reject)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

// The run may reuse the same object for the next draft.
function asItIs(given: Draft): Draft {
  return isDraft(given) ? snapshotDraft(given) : given
}

/** The error of a run that returned something other than drafts. */
export function noDrafts(value: unknown): TidingsError {
  return new TidingsError('TIDINGS_JOB_RESULT', `a run must return drafts or nothing, got ${describe(value)}`)
}

/** Whether `value` looks like a draft. The log validates it. */
export function isDraft(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && 'type' in value && 'identifier' in value
}

function isReceipt(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'status' in value && 'seq' in value
}
