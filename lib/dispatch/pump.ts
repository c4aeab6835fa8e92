import { type Clock, monotonic } from '../core/clock.ts'
import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import { asError, quote, TidingsError } from '../core/errors.ts'
import { onStop } from '../core/stop.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Handed, Writes } from '../log/port.ts'
import { Deliverer, type DeliveryHost } from './deliverer.ts'
import { DeliveriesInProgress } from './deliveries-in-progress.ts'
import type { DeliveryAttempt } from './delivery-attempt.ts'
import type { HandlerCall } from './handler-calls.ts'
import { MemoryGate } from './memory-gate.ts'
import type { DeliveryOutcome } from './outcome.ts'
import { Pace } from './pace.ts'
import { Places } from './places.ts'
import { Queue, type Queued } from './queue.ts'

/** A delivery that has ended, or an event that was settled without one. Times are in ms since the epoch. */
export interface EndedDelivery {
  readonly handed: Handed
  readonly outcome: DeliveryOutcome
  /** Whether the handler was given a value: if not, the filters let none pass. */
  readonly handled: boolean
  /** The calls that its handler made. */
  readonly calls: readonly HandlerCall[]
  readonly began: number
  readonly ended: number
}

/** What a pump needs of its agent. */
export interface PumpHost extends DeliveryHost {
  /** Aborts when no new delivery may begin. */
  readonly stop: AbortSignal
  /** Aborts when current deliveries must end. */
  readonly abort: AbortSignal
  /** How many deliveries may run over several pumps of the listener; absent: it has one. */
  readonly places?: Places
  /** Removes known secrets from stored text. */
  scrub(text: string): string
  /** Called when a delivery begins, with the time in ms since the epoch. */
  began?(now: number): void
  /** Called when a delivery ends; not if it was cut off because the agent stops. */
  ended?(delivery: EndedDelivery): void
  /**
   * Called before an event is parked, with the calls that its handler made in the last attempt; returns the writes to
   * store in one step with that.
   */
  parking(handed: Handed, error: ErrorInfo, calls: readonly HandlerCall[]): Writes
  /** Called once the consumer has parked an event. */
  parked(): void
}

/** A delivery that blocks the event loop for longer than this, in ms, is logged. */
const BLOCKING = 100

/**
 * Moves events from a consumer to a listener, as many at a time as its `concurrency` allows, in order within each key.
 *
 * ```
 *             pull a batch           next                       ack · retry · park
 *   consumer ─────────────→ queue ──────────→ delivery attempt ────────────────────→ consumer
 *      ↑                     │  ↑                    │
 *      └──── put back ───────┘  └──── done · wait ───┘
 * ```
 *
 * What wakes it: `run` waits in two places. In `pull`, until the consumer has an event; and while the queue is full, for a
 * change: an attempt ends, or a new turn of the event loop begins. `stop` wakes it in both. Each batch, each end of an
 * attempt and each new turn begins as many attempts as there is room for.
 *
 * What bounds it: `Places`, as many as `concurrency`, the running attempts; `Pace` the batch, so the queue holds at most two (backlogs stay in
 * the log); `Queue` the events held in memory behind others of their key; a time slice the synchronous handlers that run
 * back to back.
 *
 * How it ends: after `stop`, or when the consumer fails, nothing begins; current attempts end and are settled, and what
 * the queue still holds is put back. After `abort`, current attempts are stopped and their events put back: that start
 * of the handler does not count.
 *
 * How crashes are counted: the consumer knows which events were in flight when the process died. `clearSuspects` delivers
 * them alone and one at a time, so if the process dies again, the culprit is known (decision 0006). The consumer counts
 * such deaths, and an event that has caused `crashes` of them is parked without another attempt.
 *
 * Invariants:
 * - Every pulled event ends in exactly one call of ack, retry or park; or in none, and then the cursor stays before it.
 * - An event below one that was begun is never left without such a call, because the cursor may pass it (decision 0005).
 */
export class Pump {
  readonly #listener: Listener
  readonly #consumer: Consumer
  readonly #host: PumpHost
  readonly #clock: Clock
  readonly #deliverer: Deliverer
  readonly #gate: MemoryGate | undefined
  readonly #queue: Queue
  readonly #pace: Pace
  readonly #places: Places
  readonly #running = new DeliveriesInProgress()
  /** The highest seq that was begun or put back. Each unsettled event below it needs a record. */
  #highest = 0
  /** Resolves the promise that waits for a change. */
  #changed: () => void = () => undefined
  /** The time slice is used up: nothing begins before the next turn of the event loop. */
  #resting = false
  /** The consumer failed, so nothing more may begin. */
  #failed = false
  readonly #leave: readonly (() => void)[]

  constructor(listener: Listener, consumer: Consumer, host: PumpHost) {
    this.#listener = listener
    this.#consumer = consumer
    this.#host = host
    this.#clock = monotonic(host.clock)
    this.#deliverer = new Deliverer(listener, host)
    this.#gate = MemoryGate.of(listener, consumer, {
      log: host.log,
      clock: this.#clock,
      dropped: (handed) => this.#settledAlone(handed, { end: 'ack', writes: [] }),
    })
    this.#pace = new Pace(listener.settings.concurrency)
    this.#places = host.places ?? new Places(listener.settings.concurrency)
    this.#queue = new Queue(listener, {
      clock: this.#clock,
      logger: host.environment.logger,
      putBack: (handed, at) => this.#putBack(handed, at),
    })
    const { stop, abort } = host
    this.#leave = [
      this.#places.join((now) => this.#begin(now)),
      onStop(stop, () => this.#changed()),
      onStop(abort, () => this.#running.stop(asError(abort.reason))),
    ]
  }

  /** Number of events that were taken and can't be handled before an older one of their key was tried again. */
  get held(): number {
    return this.#queue.held
  }

  /** The deliveries in progress. */
  get running(): Pick<DeliveriesInProgress, 'size' | 'since'> {
    return this.#running
  }

  /** Removes the abort listeners: the signals live as long as the agent. */
  end(): void {
    for (const leave of this.#leave) leave()
  }

  /**
   * Delivers the events that were in flight when the process died, one at a time. No pump may deliver anything else
   * meanwhile.
   */
  async clearSuspects(): Promise<void> {
    const { stop } = this.#host
    for await (const retrying of this.#consumer.retrying()) {
      // What waits for its time, at a filter with a memory, holds back no other.
      if ((await this.#gate?.resume(retrying)) !== true) this.#queue.waits(retrying.event, retrying.at)
    }
    while (this.#consumer.suspects > 0 && !stop.aborted) {
      const [handed] = await this.#pull(1)
      if (handed !== undefined) await this.#tryAlone(handed)
    }
  }

  async #tryAlone(handed: Handed): Promise<void> {
    const queued = this.#queue.admit(handed)
    // An older event of its key waits for its retry, so this one was only held and did not cause the crash.
    if (queued === undefined) return
    if ((handed.crashes ?? 0) >= this.#listener.settings.crashes) {
      const error = crashError(this.#listener.name, handed)
      this.#settledAlone(handed, { end: 'park', error })
      this.#park(handed, error)
      return this.#queue.done(queued)
    }
    this.#deliver(queued)
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
      const batch = await this.#pull(this.#pace.batch)
      this.#pace.took(batch.length, this.#queue.size, this.#clock.now())
      this.#queue.add(batch)
      this.#begin()
      // Yields, so that a log with the next batch ready does not block timers and other listeners.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #pull(most: number): Promise<readonly Handed[]> {
    const batch = await this.#consumer.pull(most, this.#host.stop)
    if (this.#gate === undefined) return batch
    const admitted = await this.#gate.admit(batch)
    for (const handed of batch) if (this.#gate.verdict(handed) === undefined) this.#queue.leaves(handed.event)
    return admitted
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve))
  }

  get #isEnding(): boolean {
    return this.#failed || this.#host.stop.aborted
  }

  get #hasRoom(): boolean {
    return this.#places.isFree && !this.#pace.isOver && !this.#isEnding
  }

  #begin(now = this.#clock.now()): void {
    while (this.#hasRoom) {
      const next = this.#queue.next()
      if (next === undefined) return
      now = this.#deliver(next, now)
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
  #deliver(queued: Queued, began = this.#clock.now()): number {
    const { handed } = queued
    const { logger } = this.#host.environment
    const { seq } = handed.event
    const { name: listener } = this.#listener
    logger.debug({ listener, seq, attempt: handed.attempt }, 'running listener')
    if (seq > this.#highest) this.#highest = seq
    this.#host.began?.(began)
    const attempt = this.#deliverer.deliver(handed, this.#gate?.verdict(handed))
    const now = this.#clock.now()
    this.#pace.at(now)
    const ms = now - began
    if (ms > BLOCKING) logger.warn({ listener, seq, ms }, 'listener blocked the event loop')
    if (attempt.outcome === undefined) this.#awaitEnd(queued, attempt, began)
    else this.#settle(queued, attempt, began, now)
    return now
  }

  #awaitEnd(queued: Queued, attempt: DeliveryAttempt, began: number): void {
    this.#queue.start(queued)
    const slot = this.#running.add(attempt, began)
    this.#places.take()
    attempt.onEnd(() => {
      const now = this.#clock.now()
      this.#running.end(slot)
      this.#settle(queued, attempt, began, now)
      this.#places.leave(now)
      this.#changed()
    })
  }

  #settle(queued: Queued, attempt: DeliveryAttempt, began: number, now: number): void {
    const { handed } = queued
    const outcome = attempt.outcome as DeliveryOutcome
    const { abort, environment, scrub } = this.#host
    // Cut off because the agent stops: this attempt does not count.
    if (outcome.end !== 'ack' && abort.aborted) {
      this.#putBack(handed, now)
      return this.#queue.wait(queued, now)
    }
    const { handled, calls } = attempt
    this.#host.ended?.({ handed, outcome, handled, calls, began, ended: now })
    if (outcome.end === 'ack') {
      this.#consumer.ack(handed, outcome.writes)
      return this.#queue.done(queued)
    }
    const { seq } = handed.event
    const { name: listener } = this.#listener
    const { attempts } = this.#listener.settings
    const again = outcome.end === 'retry' ? { attempts, wait: outcome.after } : { attempts }
    const fields = { listener, seq, attempt: handed.attempt, err: outcome.error, ...again }
    environment.logger.error(fields, 'listener failed')
    if (outcome.end === 'park') {
      this.#park(handed, outcome.error, calls)
      return this.#queue.done(queued)
    }
    const at = this.#clock.now() + outcome.after
    this.#consumer.retry(handed, { at, error: errorInfo(outcome.error, scrub) })
    this.#queue.wait(queued, at)
  }

  #settledAlone(handed: Handed, outcome: DeliveryOutcome): void {
    const now = this.#clock.now()
    this.#host.ended?.({ handed, outcome, handled: false, calls: [], began: now, ended: now })
  }

  #park(handed: Handed, thrown: Error, calls: readonly HandlerCall[] = []): void {
    const error = errorInfo(thrown, this.#host.scrub)
    this.#consumer.park(handed, { error }, this.#host.parking(handed, error, calls))
    this.#host.parked()
    this.#host.environment.logger.error({ listener: this.#listener.name, seq: handed.event.seq }, 'event parked')
  }

  // Returns an event to the log as if it had not been handed out.
  #putBack(handed: Handed, at: number): void {
    this.#highest = Math.max(this.#highest, handed.event.seq)
    this.#consumer.retry({ ...handed, attempt: handed.attempt - 1 }, { at })
  }

  // Returns events that were taken but not begun. Only those overtaken by newer ones need a record: the cursor stays
  // before the others.
  #putBackAll(): void {
    const before = this.#highest
    for (const handed of this.#queue.takeAll()) {
      if (handed.event.seq < before) this.#putBack(handed, this.#clock.now())
    }
  }
}

/** The error of an event that repeatedly crashed the process while it was handled alone. */
function crashError(listener: string, { event, crashes }: Handed): TidingsError {
  const message = `the process died ${crashes} times while listener ${quote(listener)} handled event ${event.seq} alone`
  return new TidingsError('TIDINGS_LISTENER_CRASHED', message, { details: { listener, seq: event.seq, crashes } })
}
