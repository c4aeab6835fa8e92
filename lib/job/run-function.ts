import { isObservable, type Observable } from 'rxjs'
import { type Cancel, isCancel } from '../core/control.ts'
import { asError, describe, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import type { Publisher } from '../core/publisher.ts'
import { safeSubscribe } from '../core/safe-subscribe.ts'
import { onStop, type Stop } from '../core/stop.ts'
import { snapshotDraft } from '../log/check-draft.ts'
import type { Job, JobContext } from './job.ts'

/** Maximum drafts awaiting the log's answer before the run has to wait: bounds the memory of a run. */
const MOST_PENDING = 1000

/** What one execution of a job's function needs. */
interface Execution {
  /** The job whose function runs. */
  readonly job: Job
  readonly context: JobContext
  /** Asks the run to end; a run that ends this way succeeds. */
  readonly ending: Stop
  /** Aborts when the run is cut off, which fails it. */
  readonly over: Stop
  /** Where the drafts go that the function publishes or returns. */
  readonly publisher: Publisher
  /** Judges the drafts that the function returns; default: they are offered as they come. */
  readonly guard?: DraftGuard | undefined
  /** Ends the run: stores the last returned draft, the state and, if the run cancelled its job, that, in one step. */
  readonly finish: (last: Draft | undefined, cancel: Cancel | undefined) => Promise<void>
  /** Stores what the guard holds of a run that failed. */
  readonly fail?: (() => Promise<void>) | undefined
}

/** Decides which of the returned drafts go to the log, and when. */
export interface DraftGuard {
  /** Takes a draft, and calls `pass` with it now, later or never. */
  take(draft: Draft, pass: (draft: Draft) => Promise<void>): Promise<void>
  /** Decides about all drafts so far. */
  decide(pass: (draft: Draft) => Promise<void>): Promise<void>
}

/**
 * Runs a job's function to its end: offers the returned drafts, awaits the published ones, and finishes the run only if
 * all of them succeed. The last draft is held back until then, so that state is never ahead of events. Resolves to the
 * `Cancel` that the run threw, if any.
 *
 * @throws the error of the run or of a rejected publish, even if the run caught it; an AggregateError when several
 *   steps fail, or some of many drafts: the valid drafts are stored then
 */
export async function runFunction(execution: Execution): Promise<Cancel | undefined> {
  const { job, context, ending, over, publisher, guard, finish, fail } = execution
  let cancel: Cancel | undefined
  const failures = new Set<Error>()
  const refused = (error: unknown): void => void failures.add(asError(error))
  const held = new HeldDraft((draft) => void publisher.offer(draft).catch(refused))
  const pass = async (draft: Draft): Promise<void> => {
    held.put(draft)
    if (publisher.pending > MOST_PENDING) await publisher.answered()
  }
  let drafts = 0
  const take = async (draft: Draft): Promise<void> => {
    drafts += 1
    if (!isDraft(draft)) refused(noDrafts(draft))
    else await (guard === undefined ? pass(draft) : guard.take(draft, pass))
    // An endless synchronous source would otherwise keep even the run's timeout from firing.
    if (drafts % MOST_PENDING === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  let taken: Promise<void> = Promise.resolve()
  publisher.flush = () => {
    held.release()
    return taken.then(() => guard?.decide(pass)).then(() => held.release())
  }
  try {
    const askedToEnd = new Promise<void>((resolve) => void onStop(ending, resolve))
    const drafts = eachDraft(job.run(context), ending, take, (queue) => void (taken = queue))
    await Promise.race([drafts, askedToEnd])
  } catch (error) {
    if (isCancel(error)) cancel = error
    else failures.add(asError(error))
  }
  held.keep()
  if (!over.aborted) await guard?.decide(pass).catch(refused)
  await publisher.settle()
  const last = held.take()
  for (const failure of publisher.failures) failures.add(failure)
  if (over.aborted) failures.add(asError(over.reason))
  if (failures.size === 0) await finish(last, cancel).catch(refused)
  else if (!over.aborted) {
    if (last !== undefined) await publisher.offer(last).catch(refused)
    await fail?.().catch(refused)
  }
  if (failures.size > 0) throw oneError([...failures], drafts)
  return cancel
}

/**
 * Holds the newest draft back, since it may be the last. Releases it at the next turn of the event loop: a source that
 * is idle by then may stay idle for days.
 */
class HeldDraft {
  readonly #onRelease: (draft: Draft) => void
  #draft: Draft | undefined
  #timed = false
  #kept = false

  constructor(onRelease: (draft: Draft) => void) {
    this.#onRelease = onRelease
  }

  put(draft: Draft): void {
    this.release()
    this.#draft = draft
    if (this.#timed) return
    this.#timed = true
    setImmediate(() => {
      this.#timed = false
      if (!this.#kept) this.release()
    })
  }

  /** Disables the timed release. */
  keep(): void {
    this.#kept = true
  }

  take(): Draft | undefined {
    const draft = this.#draft
    this.#draft = undefined
    return draft
  }

  /** Passes the held draft on now. */
  release(): void {
    const draft = this.take()
    if (draft !== undefined) this.#onRelease(draft)
  }
}

function oneError(failures: readonly Error[], drafts: number): Error {
  const [first] = failures
  if (failures.length === 1 && (drafts <= 1 || !isRefusal(first))) return first as Error
  const words = failures.map((failure) => failure.message).join('; ')
  return new AggregateError(failures, `${failures.length} of the run's steps failed: ${words}`)
}

/** The errors that are the draft's fault rather than the log's. */
const REFUSALS: readonly string[] = [
  'TIDINGS_DATA_INVALID',
  'TIDINGS_DATA_TOO_LARGE',
  'TIDINGS_IDENTIFIER_INVALID',
  'TIDINGS_JOB_RESULT',
  'TIDINGS_SCHEMA_FAILED',
  'TIDINGS_TYPE_INVALID',
]

// When a run makes many drafts, even a single rejected one becomes an AggregateError.
function isRefusal(error: unknown): boolean {
  return error instanceof TidingsError && REFUSALS.includes(error.code)
}

/**
 * Passes every draft that a run returned to `each`, in order, from a value, iterable or Observable. Ends early when the
 * run is asked to end.
 *
 * @param queued receives, for each emitted draft, a promise that resolves once `each` has taken it
 * @throws TidingsError `TIDINGS_JOB_RESULT` when the result is not drafts
 */
async function eachDraft(
  result: unknown,
  ending: Stop,
  each: (draft: Draft) => void | Promise<void>,
  queued: (taken: Promise<void>) => void,
): Promise<void> {
  const settled = await result
  if (settled === undefined || settled === null || isReceipt(settled)) return
  if (isDraft(settled)) return each(snapshotDraft(settled))
  if (isObservable(settled)) return eachEmitted(settled as Observable<Draft>, ending, each, queued)
  if (typeof settled !== 'object' || !(Symbol.iterator in settled || Symbol.asyncIterator in settled))
    throw noDrafts(settled)
  for await (const draft of settled as AsyncIterable<Draft>) {
    if (ending.aborted) return
    await each(snapshot(draft))
  }
}

// Drafts that are emitted faster than `each` takes them are queued, as in concatMap.
function eachEmitted(
  drafts: Observable<Draft>,
  ending: Stop,
  each: (draft: Draft) => void | Promise<void>,
  queued: (taken: Promise<void>) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let taken: Promise<void> = Promise.resolve()
    const subscription = safeSubscribe(drafts, {
      next: (given) => {
        const draft = snapshot(given)
        taken = taken.then(() => each(draft))
        queued(taken)
        taken.catch(reject)
      },
      error: (error) => void taken.then(() => reject(error), reject),
      complete: () => void taken.then(resolve, reject),
    })
    const stop = (): void => {
      subscription.unsubscribe()
      taken.then(resolve, reject)
    }
    onStop(ending, stop)
  })
}

// The run may reuse the same object for the next draft.
function snapshot(given: Draft): Draft {
  return isDraft(given) ? snapshotDraft(given) : given
}

/** The error of a run that returned something other than drafts. */
function noDrafts(value: unknown): TidingsError {
  return new TidingsError('TIDINGS_JOB_RESULT', `a run must return drafts or nothing, got ${describe(value)}`)
}

/** Whether `value` looks like a draft. The log validates it. */
function isDraft(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && 'type' in value && 'identifier' in value
}

function isReceipt(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'status' in value && 'seq' in value
}
