import { type Clock, monotonic } from '../core/clock.ts'
import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Handed, Writes } from '../log/port.ts'
import { crashError } from './crash-error.ts'
import { Deliverer, type DeliveryHost } from './deliverer.ts'
import type { DeliveryAttempt } from './delivery-attempt.ts'
import { orderKey } from './order-key.ts'
import type { DeliveryOutcome } from './outcome.ts'
import { Pace } from './pace.ts'
import { Queue } from './queue.ts'

/** What a pump needs of its agent. */
export interface PumpHost extends DeliveryHost {
  /** Aborts when no new delivery may begin. */
  readonly stop: AbortSignal
  /** Aborts when current deliveries must end. */
  readonly abort: AbortSignal
  /** Removes known secrets from stored text. */
  scrub(text: string): string
  /** Called when a delivery begins, with the time in ms since the epoch. */
  began?(now: number): void
  /** Called when a delivery ends, with its outcome and the time in ms since the epoch. */
  ended?(outcome: DeliveryOutcome, now: number): void
  /** Called before an event is parked; returns the writes to store in one step with that. */
  parking(handed: Handed, error: ErrorInfo): Writes
  /** Called once the consumer has parked an event. */
  parked(): void
}

/** A delivery that blocks the event loop for longer than this, in ms, is logged. */
const BLOCKING = 100

/**
 * Moves events from a consumer to a listener, as many at a time as its `concurrency` allows, in order within each key.
 * Backlogs stay in the log; the pump holds only a batch.
 */
export class Pump {
  readonly #listener: Listener
  readonly #consumer: Consumer
  readonly #host: PumpHost
  readonly #clock: Clock
  readonly #deliverer: Deliverer
  readonly #queue: Queue
  readonly #running = new Set<DeliveryAttempt>()
  /** The key of each unsettled event, if `ordered` is a function. */
  readonly #keys = new Map<number, string>()
  /** The highest seq that was begun or waits in the log. Each unsettled event below it needs a record. */
  #highest = 0
  #changed: () => void = () => undefined
  readonly #pace: Pace
  #resting = false
  /** The consumer failed, so nothing more may begin. */
  #failed = false
  readonly #over = new AbortController()

  constructor(listener: Listener, consumer: Consumer, host: PumpHost) {
    this.#listener = listener
    this.#consumer = consumer
    this.#host = host
    this.#clock = monotonic(host.clock)
    this.#deliverer = new Deliverer(listener, host)
    this.#pace = new Pace(listener.settings.concurrency)
    this.#queue = new Queue({
      clock: this.#clock,
      key: (event) => this.#key(event),
      putBack: (...back) => this.#putBack(...back),
    })
    const { stop, abort } = host
    const { signal } = this.#over
    stop.addEventListener('abort', () => this.#changed(), { signal })
    abort.addEventListener('abort', () => this.#running.forEach((attempt) => attempt.stop(asError(abort.reason))), {
      signal,
    })
  }

  /** Removes the abort listeners: the signals live as long as the agent. */
  end(): void {
    this.#over.abort()
  }

  /**
   * Delivers the events that were in flight when the process died, one at a time. No pump may deliver anything else
   * meanwhile: if the process dies again, the culprit must have been alone.
   */
  async clearSuspects(): Promise<void> {
    const { stop } = this.#host
    for await (const { event, at } of this.#consumer.retrying()) this.#queue.waits(this.#key(event), event.seq, at)
    while (this.#consumer.suspects > 0 && !stop.aborted) {
      const [handed] = await this.#consumer.pull(1, stop)
      if (handed !== undefined) await this.#tryAlone(handed)
    }
  }

  async #tryAlone(handed: Handed): Promise<void> {
    const { name, settings } = this.#listener
    const key = this.#key(handed.event)
    // An older event of its key waits for its retry, so this one was only held and did not cause the crash.
    if (!this.#queue.admits(key, handed)) return this.#putBack(key, handed, this.#clock.now())
    if ((handed.crashes ?? 0) >= settings.crashes) {
      this.#park(handed, crashError(name, handed))
      return this.#queue.leave(key)
    }
    this.#deliver(key, handed)
    while (this.#running.size > 0) await this.#change()
  }

  /**
   * Call after `clearSuspects`. Runs until `stop` aborts; rejects if the consumer fails. Either way it first waits for
   * the current deliveries and reports their outcomes to the consumer.
   */
  async run(): Promise<void> {
    try {
      await this.#pump()
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      while (this.#running.size > 0) await this.#change()
      this.#putBackAll()
    }
    await this.#consumer.flush()
  }

  async #pump(): Promise<void> {
    const { stop } = this.#host
    while (!stop.aborted) {
      while (this.#queue.isFull(this.#pace.batch) && !stop.aborted) await this.#change()
      const batch = await this.#consumer.pull(this.#pace.batch, stop)
      this.#pace.took(batch.length, this.#queue.size, this.#clock.now())
      this.#queue.add(batch)
      this.#begin()
      // Yields, so that a log with the next batch ready does not block timers and other listeners.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve))
  }

  // Cached, because a function may return another key the next time, and events behind the first would wait forever.
  #key(event: StoredEvent): string {
    const { logger } = this.#host.environment
    if (typeof this.#listener.settings.ordered !== 'function') return orderKey(this.#listener, event, logger)
    const known = this.#keys.get(event.seq)
    if (known !== undefined) return known
    const key = orderKey(this.#listener, event, logger)
    this.#keys.set(event.seq, key)
    return key
  }

  get #isEnding(): boolean {
    return this.#failed || this.#host.stop.aborted
  }

  get #hasRoom(): boolean {
    const { concurrency } = this.#listener.settings
    return this.#running.size < concurrency && !this.#pace.isOver && !this.#isEnding
  }

  #begin(now = this.#clock.now()): void {
    while (this.#hasRoom) {
      const next = this.#queue.next()
      if (next === undefined) return
      now = this.#deliver(next.key, next.handed, now)
    }
    if (this.#pace.isOver && !this.#resting && !this.#isEnding) this.#rest()
  }

  // Synchronous handlers could run forever: yields to timers and other listeners.
  #rest(): void {
    this.#resting = true
    setImmediate(() => {
      this.#resting = false
      this.#pace.startTurn(this.#clock.now())
      this.#begin()
      this.#changed()
    })
  }

  // `began`: the current time. Returns the time afterwards, because reading the clock costs as much as many a handler.
  #deliver(key: string, handed: Handed, began = this.#clock.now()): number {
    const { environment } = this.#host
    const { seq } = handed.event
    const { name: listener } = this.#listener
    environment.logger.debug({ listener, seq, attempt: handed.attempt }, 'running listener')
    if (seq > this.#highest) this.#highest = seq
    this.#host.began?.(began)
    const attempt = this.#deliverer.deliver(handed)
    const now = this.#clock.now()
    this.#pace.at(now)
    const ms = now - began
    if (ms > BLOCKING) environment.logger.warn({ listener, seq, ms }, 'listener kept everybody waiting')
    if (attempt.outcome === undefined) this.#awaits(key, handed, attempt)
    else this.#ended(key, handed, attempt.outcome, now)
    return now
  }

  #awaits(key: string, handed: Handed, attempt: DeliveryAttempt): void {
    this.#queue.occupy(key)
    this.#running.add(attempt)
    attempt.onEnd((outcome) => {
      const now = this.#clock.now()
      this.#running.delete(attempt)
      this.#ended(key, handed, outcome, now)
      this.#begin(now)
      this.#changed()
    })
  }

  #ended(key: string, handed: Handed, outcome: DeliveryOutcome, now: number): void {
    this.#host.ended?.(outcome, now)
    this.#settle(key, handed, outcome)
    this.#queue.leave(key)
  }

  #settle(key: string, handed: Handed, outcome: DeliveryOutcome): void {
    const { seq } = handed.event
    if (outcome.end === 'ack') {
      this.#keys.delete(seq)
      return this.#consumer.ack(handed, outcome.writes)
    }
    const { abort, environment } = this.#host
    // Cut off because the agent stops: this attempt does not count.
    if (abort.aborted) return this.#putBack(key, handed, this.#clock.now())
    const { name: listener } = this.#listener
    environment.logger.error({ listener, seq, attempt: handed.attempt, err: outcome.error }, 'listener failed')
    if (outcome.end === 'retry') {
      const error = errorInfo(outcome.error, this.#host.scrub)
      const at = this.#clock.now() + outcome.after
      this.#queue.waits(key, seq, at)
      return this.#consumer.retry(handed, { at, error })
    }
    this.#park(handed, outcome.error)
  }

  #park(handed: Handed, thrown: Error): void {
    const error = errorInfo(thrown, this.#host.scrub)
    this.#keys.delete(handed.event.seq)
    this.#consumer.park(handed, { error }, this.#host.parking(handed, error))
    this.#host.parked()
    this.#host.environment.logger.error({ listener: this.#listener.name, seq: handed.event.seq }, 'event parked')
  }

  // Returns an event to the log as if it had not been handed out.
  #putBack(key: string, handed: Handed, at: number): void {
    this.#highest = Math.max(this.#highest, handed.event.seq)
    this.#queue.waits(key, handed.event.seq, at)
    this.#consumer.retry({ ...handed, attempt: handed.attempt - 1 }, { at })
  }

  // Returns events that were taken but not begun. Only those overtaken by newer ones need a record: the cursor stays
  // before the others.
  #putBackAll(): void {
    const before = this.#highest
    for (const handed of this.#queue.takeAll()) {
      if (handed.event.seq < before) this.#putBack(this.#key(handed.event), handed, this.#clock.now())
    }
  }
}
