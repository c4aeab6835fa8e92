import { from, identity, isObservable, type Observable, of, takeWhile, type Unsubscribable } from 'rxjs'
import type { Publish } from '../core/context.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import { execWithin } from '../core/exec.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { Publisher } from '../core/publisher.ts'
import { safeSubscribe } from '../core/safe-subscribe.ts'
import { StoppableWork, WORK_ENDED } from '../core/time-limit.ts'
import type { OpenSpan, Tracing } from '../core/tracing.ts'
import type { Verdict } from '../listener/judge/judge.ts'
import type { Listener } from '../listener/listener.ts'
import type { AnyOperator, Pipe } from '../listener/on.ts'
import type { Handed } from '../log/port.ts'
import type { StateBuffer } from '../log/state-buffer.ts'
import { type DeliverySource, ValueDelivery } from './delivery.ts'
import { endSpan, processSpan } from './delivery-span.ts'
import { type HandlerCall, HandlerCalls } from './handler-calls.ts'
import { type DeliveryOutcome, failureOutcome } from './outcome.ts'

/** What all attempts of one listener share. */
export interface AttemptHost {
  readonly environment: DeliverySource['environment']
  readonly log: { readonly id: string }
  readonly listener: Listener
  readonly tracing?: Tracing | undefined
  /** The name of the delivery in error messages. */
  readonly title: string
  readonly pipe: Pipe
  /** The time in ms, from a clock that never steps back. */
  now(): number
  /** The error of an event that no longer fits the schema of its type. */
  outdated(handed: Handed): Error | undefined
  state(): StateBuffer
  publish(draft: Draft, handed: Handed): Promise<Receipt>
}

const NO_CALLS: readonly HandlerCall[] = []

const PASSED = { end: 'ack', writes: [] } as const satisfies DeliveryOutcome

/**
 * One attempt to deliver one event to one listener.
 *
 * ```
 *  begin ─→ does the event fit its schema? ── no ──────────────────────→ park
 *              │ yes
 *           filters at the start of the pipe ── one is false ──────────→ ack
 *              │ all are true
 *           the rest of the pipe ── an error ──────────────────────────→ failed
 *              │ values
 *       ┌─→ handle one value ── throws, rejects or errors ─────────────→ failed
 *       │      │ returns; a promise or Observable has ended
 *       └──── more values?
 *              │ none, and the pipe has completed
 *           wait until the log has answered every publish ── refused ──→ failed
 *              │ accepted
 *              └──────────────────────────────────────────────────────→ ack, with the state that was set
 *
 *  failed: retry, or park after `Park` and after the last attempt
 *  stop(reason): failed, from any of these steps. Called when the time is up or the agent stops
 * ```
 *
 * Invariants:
 * - It has one outcome. Once that is set, no handler begins, and whatever the pipe or a handler still does is ignored.
 * - The outcome is set before user code can notice the end: by its signal, by a teardown, by a publish that rejects.
 * - Handlers never overlap, and none begins inside another: further values wait.
 * - If everything is synchronous, it is over when `begin` returns, and no promise, timer or signal was created.
 */
export class DeliveryAttempt implements DeliverySource {
  readonly handed: Handed
  readonly #host: AttemptHost
  #outcome: DeliveryOutcome | undefined
  #onEnd: ((outcome: DeliveryOutcome) => void) | undefined
  /** The values that wait for the handler, and the number of those that it was given. */
  #waiting: unknown[] | undefined
  #index = 0
  #handling = false
  /** The pipe makes no more values. */
  #completed = false
  #subscription: Unsubscribable | undefined
  // Created when first asked for.
  #state: StateBuffer | undefined
  #publisher: Publisher | undefined
  #calls: HandlerCalls | undefined
  #span: OpenSpan | undefined
  #work: StoppableWork | undefined
  #signal: AbortSignal | undefined
  /** Why it ended, as the signal tells. */
  #reason = WORK_ENDED

  readonly #verdict: Verdict | undefined

  /** `verdict`: of a pipe with a memory, what its head made of the event; the attempt runs the rest. */
  constructor(host: AttemptHost, handed: Handed, verdict?: Verdict) {
    this.#host = host
    this.handed = handed
    this.#verdict = verdict
  }

  get batch(): readonly StoredEvent[] | undefined {
    return this.#verdict?.kind === 'deliver' ? this.#verdict.batch : undefined
  }

  /** How it ended; undefined until then. */
  get outcome(): DeliveryOutcome | undefined {
    return this.#outcome
  }

  /** Whether the handler was given a value: if not, the filters let none pass. */
  get handled(): boolean {
    return this.#index > 0
  }

  /** The calls of `fetch` and `exec` that the handler made. */
  get calls(): readonly HandlerCall[] {
    return this.#calls?.calls ?? NO_CALLS
  }

  /** Calls back when it ends; at once if it is over. */
  onEnd(callback: (outcome: DeliveryOutcome) => void): void {
    if (this.#outcome === undefined) this.#onEnd = callback
    else callback(this.#outcome)
  }

  /** Adds a callback for the moment it ends, before the signal aborts and before `onEnd`. */
  addTeardown(callback: () => void): void {
    this.#stoppable.add(callback)
  }

  begin(): void {
    const { event } = this.handed
    const { pipe } = this.#host
    try {
      const outdated = this.#host.outdated(this.handed)
      if (outdated !== undefined) return this.#end({ end: 'park', error: outdated }, WORK_ENDED)
      for (const test of pipe.tests) if (!test(event)) return this.#end(PASSED, WORK_ENDED)
      if (this.#verdict?.kind === 'fail') throw this.#verdict.error
      if (this.#verdict?.kind === 'deliver') return this.#subscribe(pipe.rest ?? identity, from(this.#verdict.values))
      if (pipe.rest !== undefined) return this.#subscribe(pipe.rest, of(event))
    } catch (error) {
      return this.#fail(error)
    }
    this.#completed = true
    this.#next(event)
  }

  /** Ends it as failed, for a reason of the engine. The handler gets the reason from its signal; nothing waits for it. */
  stop(reason: Error): void {
    this.#end(failureOutcome(this.#host.listener, this.handed, reason), reason)
  }

  #fail(error: unknown): void {
    if (this.#outcome === undefined) this.#end(failureOutcome(this.#host.listener, this.handed, error), WORK_ENDED)
  }

  #end(outcome: DeliveryOutcome, reason: Error): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#reason = reason
    this.#waiting = undefined
    this.#subscription?.unsubscribe()
    this.#publisher?.end(this.#host.title)
    this.#calls?.ended()
    this.#work?.stop(reason)
    if (this.#span !== undefined) endSpan(this.#span, outcome)
    this.#onEnd?.(outcome)
  }

  // Decision 0017: the pipe is built for each event, because an operator may keep state, or resubscribe to its source
  // while others run.
  #subscribe(pipe: AnyOperator, source: Observable<unknown>): void {
    // A failed attempt takes no more values: a synchronous source may be endless.
    const values = pipe(source).pipe(takeWhile(() => this.#outcome === undefined))
    const subscription = safeSubscribe(values, {
      next: (value) => this.#next(value),
      error: (error) => this.#fail(error),
      complete: () => {
        this.#completed = true
        this.#continue()
      },
    })
    if (this.#outcome === undefined) this.#subscription = subscription
    else subscription.unsubscribe()
  }

  #next(value: unknown): void {
    if (this.#outcome !== undefined) return
    if (this.#handling) {
      this.#waiting ??= []
      this.#waiting.push(value)
      return
    }
    this.#handle(value)
    this.#continue()
  }

  #continue(): void {
    while (this.#isFree && this.#waiting !== undefined && this.#waiting.length > 0) this.#handle(this.#waiting.shift())
    if (this.#isFree && this.#completed) this.#finish()
  }

  get #isFree(): boolean {
    return !this.#handling && this.#outcome === undefined
  }

  #handle(value: unknown): void {
    this.#handling = true
    try {
      const { listener, tracing } = this.#host
      const delivery = new ValueDelivery(this, this.#index++)
      if (tracing === undefined) this.#await(listener.handle(value, delivery))
      else this.#handleTraced(value, delivery, this.#traced(tracing))
    } catch (error) {
      this.#fail(error)
    }
  }

  #handleTraced(value: unknown, delivery: ValueDelivery, span: OpenSpan): void {
    span.within(() => this.#await(this.#host.listener.handle(value, delivery)))
  }

  // One span for the attempt, from its first value on: most events end at a filter.
  #traced(tracing: Tracing): OpenSpan {
    if (this.#span === undefined) {
      const { event, attempt } = this.handed
      this.#span = tracing.begin(processSpan(this.listener, event, attempt))
    }
    return this.#span
  }

  /** Waits for the result of a handler if it is a promise or an Observable, also a nested one; ignores any other. */
  #await(result: unknown): void {
    const promise = isObservable(result) ? this.#endOf(result) : settlement(result)
    this.#handling = promise !== undefined
    promise?.then(
      (value) => {
        if (this.#outcome !== undefined) return
        try {
          this.#await(value)
        } catch (error) {
          return this.#fail(error)
        }
        this.#continue()
      },
      (error: unknown) => this.#fail(error),
    )
  }

  #endOf(values: Parameters<typeof safeSubscribe>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      const subscription = safeSubscribe(values, { next: () => undefined, error: reject, complete: resolve })
      this.addTeardown(() => subscription.unsubscribe())
    })
  }

  // The last value is handled; the attempt ends once the log has answered every publish.
  #finish(): void {
    this.#handling = true
    if (this.#publisher === undefined || this.#publisher.pending === 0) this.#conclude()
    else void this.#publisher.settle().then(() => this.#conclude())
  }

  #conclude(): void {
    const refused = this.#publisher?.failure
    if (refused !== undefined) return this.#fail(refused)
    const writes = this.#state?.writes() ?? PASSED.writes
    this.#end(writes.length === 0 ? PASSED : { end: 'ack', writes }, WORK_ENDED)
  }

  get environment(): DeliverySource['environment'] {
    return this.#host.environment
  }

  get log(): string {
    return this.#host.log.id
  }

  get listener(): string {
    return this.#host.listener.name
  }

  get state(): StateBuffer {
    return (this.#state ??= this.#host.state())
  }

  get publish(): Publish {
    if (this.#publisher === undefined) {
      this.#publisher = new Publisher((draft) => this.#host.publish(draft, this.handed))
      if (this.#outcome !== undefined) this.#publisher.end(this.#host.title)
    }
    return this.#publisher.publish
  }

  get signal(): AbortSignal {
    this.#signal ??= guardSignal(this.#stoppable.signal, (err) => {
      const { logger } = this.environment
      logger.error({ listener: this.listener, seq: this.handed.event.seq, err }, 'abort listener failed')
    })
    return this.#signal
  }

  get fetch(): DeliverySource['fetch'] {
    return this.#recorded.fetch(this.environment.fetch)
  }

  get exec(): DeliverySource['exec'] {
    const { environment, title, listener } = this.#host
    const fields = { listener: listener.name, seq: this.handed.event.seq }
    const signals = [this.#stoppable.signal] as const
    return execWithin(this.#recorded.exec(environment.exec), { title, fields, logger: environment.logger, signals })
  }

  get #recorded(): HandlerCalls {
    return (this.#calls ??= new HandlerCalls(() => this.#host.now()))
  }

  get #stoppable(): StoppableWork {
    if (this.#work === undefined) {
      this.#work = new StoppableWork()
      if (this.#outcome !== undefined) this.#work.stop(this.#reason)
    }
    return this.#work
  }
}

/** The promise that a thenable stands for; undefined if `value` is not a thenable. */
function settlement(value: unknown): PromiseLike<unknown> | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  const { then } = value as { readonly then?: unknown }
  if (typeof then !== 'function') return undefined
  // A user's `then` may call back synchronously or twice, or throw. A native promise settles once and asynchronously.
  const isNative = value instanceof Promise && value.constructor === Promise && then === Promise.prototype.then
  return isNative ? value : new Promise((resolve) => resolve(value))
}
