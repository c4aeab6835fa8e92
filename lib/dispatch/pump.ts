import { type Clock, steady } from '../core/clock.ts'
import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Handed, Writes } from '../log/port.ts'
import type { Attempt } from './attempt.ts'
import { crashError } from './crash-error.ts'
import { Deliverer, type DeliveryHost } from './deliver.ts'
import { orderKey } from './order-key.ts'
import type { Outcome } from './outcome.ts'
import { Pace } from './pace.ts'
import { Queue } from './queue.ts'

/** What a pump needs of its agent. */
export interface PumpHost extends DeliveryHost {
  /** Aborts when nothing new is to begin. */
  readonly stop: AbortSignal
  /** Aborts when the deliveries that go on are to end. */
  readonly abort: AbortSignal
  /** Takes known secrets out of what is kept. */
  scrub(text: string): string
  /** Hears of every delivery that begins, and when (ms since the epoch). */
  began?(now: number): void
  /** Hears how every delivery ended, and when. */
  ended?(outcome: Outcome, now: number): void
  /** Hears of every event that is about to be set aside; returns what is to be written in one step with that. */
  parked(handed: Handed, error: ErrorInfo): Writes
}

/** A delivery that keeps the loop busy for longer than this, in ms, is named. */
const BLOCKING = 100

/**
 * Moves events from a consumer to a listener: as many at a time as it allows, in order within each key. Backlogs stay
 * in the log: here is only a batch.
 */
export class Pump {
  readonly #listener: Listener
  readonly #consumer: Consumer
  readonly #host: PumpHost
  readonly #clock: Clock
  readonly #deliverer: Deliverer
  readonly #queue: Queue
  readonly #running = new Set<Attempt>()
  /** The key of each event that is not settled, where `ordered` is a function. */
  readonly #keys = new Map<number, string>()
  /** The highest seq that was begun, or waits in the log: all below it that is not settled needs a record. */
  #highest = 0
  #changed: () => void = () => undefined
  readonly #pace: Pace
  #resting = false
  /** Nothing more is to begin, since the consumer failed. */
  #failed = false
  readonly #over = new AbortController()

  constructor(listener: Listener, consumer: Consumer, host: PumpHost) {
    this.#listener = listener
    this.#consumer = consumer
    this.#host = host
    this.#clock = steady(host.clock)
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

  /** Lets go of the signals: they live as long as the agent. */
  end(): void {
    this.#over.abort()
  }

  /**
   * Delivers what was in flight when the process died, one at a time. Nothing else may be delivered meanwhile, by any
   * pump: whoever kills the process again must have been alone.
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
    // An older event of its key waits for its retry: this one was held, and has killed nobody.
    if (!this.#queue.admits(key, handed)) return this.#putBack(key, handed, this.#clock.now())
    if ((handed.crashes ?? 0) >= settings.crashes) {
      this.#park(handed, crashError(name, handed))
      return this.#queue.leave(key)
    }
    this.#deliver(key, handed)
    while (this.#running.size > 0) await this.#change()
  }

  /**
   * After `clearSuspects`: runs until `stop` aborts, or the consumer fails; then it rejects. Either way the deliveries that
   * go on have ended, and their ends are said to the consumer.
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
      // A log that has the next batch at hand must not keep timers and other listeners waiting.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve))
  }

  // A function may give an event another key the next time: what waited for the first would then wait for ever.
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

  // Handlers that are done at once could go on for ever: timers and other listeners have their turn.
  #rest(): void {
    this.#resting = true
    setImmediate(() => {
      this.#resting = false
      this.#pace.startTurn(this.#clock.now())
      this.#begin()
      this.#changed()
    })
  }

  // `began`: the time. Returns what it is afterwards: reading it costs as much as many a handler.
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

  #awaits(key: string, handed: Handed, attempt: Attempt): void {
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

  #ended(key: string, handed: Handed, outcome: Outcome, now: number): void {
    this.#host.ended?.(outcome, now)
    this.#settle(key, handed, outcome)
    this.#queue.leave(key)
  }

  #settle(key: string, handed: Handed, outcome: Outcome): void {
    const { seq } = handed.event
    if (outcome.end === 'ack') {
      this.#keys.delete(seq)
      return this.#consumer.ack(handed, outcome.writes)
    }
    const { abort, environment } = this.#host
    // Cut off because the agent stops: the start of the handler is not held against the event.
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
    this.#consumer.park(handed, { error }, this.#host.parked(handed, error))
    this.#host.environment.logger.error({ listener: this.#listener.name, seq: handed.event.seq }, 'event parked')
  }

  // To be handed out again as if it had not been.
  #putBack(key: string, handed: Handed, at: number): void {
    this.#highest = Math.max(this.#highest, handed.event.seq)
    this.#queue.waits(key, handed.event.seq, at)
    this.#consumer.retry({ ...handed, attempt: handed.attempt - 1 }, { at })
  }

  // What was taken and not begun. Only those that newer events overtook need a record: the cursor stays before others.
  #putBackAll(): void {
    const before = this.#highest
    for (const handed of this.#queue.takeAll()) {
      if (handed.event.seq < before) this.#putBack(this.#key(handed.event), handed, this.#clock.now())
    }
  }
}
