import { Observable } from 'rxjs'
import { type Clock, systemClock } from '../core/clock.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { type Environment, realEnvironment } from '../core/environment.ts'
import { quote, TidingsError } from '../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import { guardLogger, type Logger } from '../core/logger.ts'
import { checkOptions } from '../core/options.ts'
import { withLinkedSignal } from '../core/time-limit.ts'
import { checkDraft } from '../log/check-draft.ts'
import type { Entry, KeyValue, Writes } from '../log/port.ts'
import type { Job, JobContext } from './job.ts'
import { type Outlet, runAttempt } from './run-loop.ts'
import type { RunReport } from './run-report.ts'

/** Replacements for parts of a run's context. */
export type ContextParts = Partial<Omit<JobContext, 'logger'>> & {
  /** Receives the log lines of the run and about it. Default: standard error. */
  readonly logger?: Logger
  /** The time source. Default: the clock of this machine. */
  readonly clock?: Clock
}

const PARTS: { readonly [K in keyof Required<ContextParts>]: true } = {
  attempt: true,
  clock: true,
  events: true,
  exec: true,
  fetch: true,
  late: true,
  logger: true,
  now: true,
  publish: true,
  secret: true,
  signal: true,
  slot: true,
  state: true,
}

/**
 * Runs a job once, now, and emits its drafts as they are published or returned. Completes when the run ends well;
 * errors with what it threw, with a refused publish, or with `TIDINGS_RUN_TIMEOUT`. Unsubscribing aborts its signal.
 * Drafts are not deduplicated: `publish` resolves to the status `offered`.
 *
 * @throws TidingsError `TIDINGS_JOB_INVALID` for a misspelt part of the context
 *
 * @example
 * ```ts
 * import { eventType, job, manual, runOnce } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const hello = job('hello', manual(), () => greeting('123', { payload: 'hello' }))
 * runOnce(hello).subscribe((draft) => console.log(draft.identifier))
 * ```
 */
export function runOnce(job: Job, context: ContextParts = {}): Observable<Draft> {
  checkContext(context, 'of the context of runOnce()')
  return new Observable((subscriber) => {
    const stop = new AbortController()
    const outlet = new MemoryOutlet(
      job,
      new MemoryState(),
      emitting((draft) => subscriber.next(draft)),
    )
    void runAlone(job, outlet, context, stop.signal).then(({ error }) => {
      if (error === undefined) subscriber.complete()
      else subscriber.error(error)
    })
    return () => stop.abort(unheard(job))
  })
}

/** Makes one attempt without a log, now. Never rejects. Aborting `stop` cuts it off. */
export function runAlone(job: Job, outlet: Outlet, parts: ContextParts, stop?: AbortSignal): Promise<RunReport> {
  const { clock = systemClock, signal, ...given } = parts
  const signals = [stop, signal].filter((each) => each !== undefined)
  const slot = { at: new Date(clock.now()) }
  const context = contextOf(clock, given)
  return withLinkedSignal(signals, (abort) =>
    runAttempt(job, { slot, attempt: 1, late: 0, outlet, clock, context, abort }),
  )
}

/**
 * A context may have more than a run needs, such as a record of what was asked.
 *
 * @throws TidingsError `TIDINGS_JOB_INVALID` for a misspelt part: the real one would be used in its place
 */
export function checkContext(context: ContextParts, of: string): void {
  const names = Object.keys(PARTS)
  const isMeant = ([name]: readonly [string, unknown]): boolean => didYouMean(name, names) !== ''
  const isObject = typeof context === 'object' && context !== null && !Array.isArray(context)
  const meant = isObject ? (Object.fromEntries(Object.entries(context).filter(isMeant)) as ContextParts) : context
  checkOptions(meant, PARTS, 'TIDINGS_JOB_INVALID', of)
}

/** The context parts of runs without a log: the real world, but for what is given. */
export function contextOf(
  clock: Clock,
  given: Omit<ContextParts, 'clock' | 'signal'>,
): Environment & Partial<JobContext> {
  const world = { ...realEnvironment(clock), ...given }
  return { ...world, logger: guardLogger(world.logger) }
}

/** The outlet of a run without a log: hands its drafts to a function, and keeps its state in memory. */
export class MemoryOutlet implements Outlet {
  readonly namespace: string
  readonly stored: MemoryState
  readonly counts = { new: 0, changed: 0, duplicate: 0 }
  readonly offer: (draft: Draft) => Promise<Receipt>

  constructor(job: Job, state: MemoryState, offer: (draft: Draft) => Promise<Receipt>) {
    this.namespace = job.name
    this.stored = state
    this.offer = offer
  }

  async *events(): AsyncGenerator<StoredEvent> {}

  async save(state: Writes): Promise<void> {
    this.stored.keep(state)
  }

  async finish(last: Draft | undefined, state: Writes): Promise<void> {
    if (last !== undefined) await this.offer(last)
    this.stored.keep(state)
  }
}

/** The `offer` of an outlet that emits each valid draft. Without a log, nothing decides whether a draft is new. */
export function emitting(emit: (draft: Draft) => void): (draft: Draft) => Promise<Receipt> {
  return async (draft) => {
    emit(checkDraft(draft))
    return { status: 'offered', seq: 0 }
  }
}

/** State that outlives a run, but not the process. */
export class MemoryState {
  readonly #values = new Map<string, JsonValue | undefined>()
  readonly #below: Pick<KeyValue, 'get'> | undefined

  /** `below`: answers for the keys that were not written; default: they have no value. */
  constructor(below?: Pick<KeyValue, 'get'>) {
    this.#below = below
  }

  async get<T = JsonValue>(key: string): Promise<Entry<T> | undefined> {
    if (!this.#values.has(key)) return this.#below?.get<T>(key)
    const value = this.#values.get(key)
    return value === undefined ? undefined : { value: value as T, revision: 1 }
  }

  keep(writes: Writes): void {
    for (const { key, value } of writes) this.#values.set(key, value)
  }
}

/** The abort reason of a run whose drafts have no subscriber left. */
export function unheard(job: Job): TidingsError {
  return new TidingsError('TIDINGS_RUN_ENDED', `job ${quote(job.name)} has no subscriber left`)
}
