import { of, takeWhile, type Unsubscribable } from 'rxjs'
import type { Publish } from '../core/context.ts'
import type { Draft, Receipt } from '../core/event.ts'
import { execWithin } from '../core/exec.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { Publisher } from '../core/publisher.ts'
import { safeSubscribe } from '../core/safe-subscribe.ts'
import { StoppableWork, WORK_ENDED } from '../core/time-limit.ts'
import type { Delivery, Listener } from '../listener/listener.ts'
import type { AnyOperator, Pipe } from '../listener/on.ts'
import type { Handed } from '../log/port.ts'
import type { StateBuffer } from '../log/state-buffer.ts'
import { awaits } from './awaited.ts'
import { type DeliveryParts, delivery } from './delivery.ts'
import { type DeliveryOutcome, failed } from './outcome.ts'
import { outdatedError } from './outdated.ts'

/** What all attempts of one listener share. */
export interface AttemptHost {
  readonly environment: DeliveryParts['environment']
  readonly log: { readonly id: string }
  readonly listener: Listener
  /** The name of the delivery in error messages. */
  readonly title: string
  readonly pipe: Pipe
  /** Whether the handler may read its delivery. */
  readonly looks: boolean
  state(): StateBuffer
  publish(draft: Draft, handed: Handed): Promise<Receipt>
}

const PASSED = { end: 'ack', writes: [] } as const satisfies DeliveryOutcome

/** Replaces the delivery for a handler that certainly cannot read it. */
const UNSEEN = undefined as unknown as Delivery

/**
 * One attempt to deliver one event to one listener. It handles the values that the pipe makes of the event one after
 * another, and ends with the last. An attempt with synchronous handlers is over when `begin` returns: it creates no
 * promise, timer or signal.
 */
export class DeliveryAttempt implements DeliveryParts {
  readonly handed: Handed
  readonly #host: AttemptHost
  #state: StateBuffer | undefined
  #outcome: DeliveryOutcome | undefined
  #reason = WORK_ENDED
  #onEnd: ((outcome: DeliveryOutcome) => void) | undefined
  #publisher: Publisher | undefined
  #work: StoppableWork | undefined
  #signal: AbortSignal | undefined
  #values: Unsubscribable | undefined
  #busy = false
  #complete = false
  #index = 0
  #held: unknown[] | undefined

  constructor(host: AttemptHost, handed: Handed) {
    this.#host = host
    this.handed = handed
  }

  /** How it ended; undefined until then. */
  get outcome(): DeliveryOutcome | undefined {
    return this.#outcome
  }

  get environment(): DeliveryParts['environment'] {
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

  begin(): void {
    const { event } = this.handed
    try {
      const outdated = outdatedError(this.#host.listener, event)
      if (outdated !== undefined) return this.#end({ end: 'park', error: outdated }, WORK_ENDED)
      for (const test of this.#host.pipe.tests) if (!test(event)) return this.#end(PASSED, WORK_ENDED)
      if (this.#host.pipe.rest !== undefined) return this.#subscribe(this.#host.pipe.rest)
    } catch (error) {
      return this.fail(error)
    }
    this.#complete = true
    this.#next(event)
  }

  #subscribe(pipe: AnyOperator): void {
    // The pipe is rebuilt for each event: an operator may keep state, or resubscribe to its source while others run.
    // A failed attempt takes no more values: a synchronous source may be endless.
    const values = pipe(of(this.handed.event)).pipe(takeWhile(() => this.#outcome === undefined))
    const subscription = safeSubscribe(values, {
      next: (value) => this.#next(value),
      error: (error) => this.fail(error),
      complete: () => {
        this.#complete = true
        this.#drain()
      },
    })
    if (this.#outcome === undefined) this.#values = subscription
    else subscription.unsubscribe()
  }

  /** Calls back when it ends; at once if it is over. */
  onEnd(callback: (outcome: DeliveryOutcome) => void): void {
    if (this.#outcome === undefined) this.#onEnd = callback
    else callback(this.#outcome)
  }

  /** Like `fail`, for a reason of the engine. The handler gets it from the signal; the engine does not wait for it. */
  stop(reason: Error): void {
    this.#end(failed(this.#host.listener, this.handed, reason), reason)
  }

  /** Calls back as soon as it is over, before the `onEnd` callback. */
  onOver(callback: () => void): void {
    this.#ends.onEnd(callback)
  }

  get publish(): Publish {
    return (...given: readonly unknown[]) => this.#publishes.publish(...(given as Parameters<Publish>))
  }

  signal(): AbortSignal {
    this.#signal ??= guardSignal(this.#ends.signal, (err) => {
      const { logger } = this.environment
      logger.error({ listener: this.listener, seq: this.handed.event.seq, err }, 'abort listener failed')
    })
    return this.#signal
  }

  get exec(): DeliveryParts['exec'] {
    const { environment, title, listener } = this.#host
    const fields = { listener: listener.name, seq: this.handed.event.seq }
    return execWithin(environment.exec, { title, fields, logger: environment.logger, signals: [this.#ends.signal] })
  }

  get #ends(): StoppableWork {
    if (this.#work === undefined) {
      this.#work = new StoppableWork()
      if (this.#outcome !== undefined) this.#work.stop(this.#reason)
    }
    return this.#work
  }

  get #publishes(): Publisher {
    if (this.#publisher === undefined) {
      this.#publisher = new Publisher((draft) => this.#host.publish(draft, this.handed))
      if (this.#outcome !== undefined) this.#publisher.end(this.#host.title)
    }
    return this.#publisher
  }

  #next(value: unknown): void {
    if (this.#outcome !== undefined) return
    if (this.#busy) {
      this.#held ??= []
      this.#held.push(value)
      return
    }
    this.#handle(value)
    this.#drain()
  }

  #drain(): void {
    while (!this.#busy && this.#outcome === undefined && this.#held !== undefined && this.#held.length > 0)
      this.#handle(this.#held.shift())
    if (!this.#busy && this.#outcome === undefined && this.#complete) this.#finish()
  }

  #handle(value: unknown): void {
    const { listener, looks } = this.#host
    this.#busy = true
    try {
      const given = looks ? delivery(this, this.#index++) : UNSEEN
      this.#busy = awaits(listener.handle(value, given), this)
    } catch (error) {
      this.fail(error)
    }
  }

  /** The result of a handler has settled with this value. */
  awaited(value: unknown): void {
    try {
      this.#busy = awaits(value, this)
    } catch (error) {
      return this.fail(error)
    }
    this.#drain()
  }

  // The last value is handled; the attempt ends once the log has answered every publish.
  #finish(): void {
    this.#busy = true
    if (this.#publisher === undefined || this.#publisher.pending === 0) this.#conclude()
    else void this.#publisher.settle().then(() => this.#conclude())
  }

  #conclude(): void {
    const refused = this.#publisher?.failure
    if (refused !== undefined) return this.fail(refused)
    const writes = this.#state?.writes() ?? PASSED.writes
    this.#end(writes.length === 0 ? PASSED : { end: 'ack', writes }, WORK_ENDED)
  }

  /** Ends it with this error, unless it is over. */
  fail(error: unknown): void {
    if (this.#outcome === undefined) this.#end(failed(this.#host.listener, this.handed, error), WORK_ENDED)
  }

  #end(outcome: DeliveryOutcome, reason: Error): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#reason = reason
    this.#held = undefined
    this.#values?.unsubscribe()
    this.#publisher?.end(this.#host.title)
    // Stopped after the outcome is set: abort listeners find the attempt over.
    this.#work?.stop(reason)
    this.#onEnd?.(outcome)
  }
}
