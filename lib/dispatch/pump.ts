import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { Work } from '../core/within.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Handed } from '../log/port.ts'
import { crashError } from './crash-error.ts'
import { Deliverer, type DeliveryHost, type Outcome } from './deliver.ts'
import { Lanes } from './lanes.ts'
import { orderKey } from './order-key.ts'

/** What a pump needs of its agent. */
export interface PumpHost extends DeliveryHost {
  /** Aborts when nothing new is to begin. */
  readonly stop: AbortSignal
  /** Aborts when the deliveries that go on are to end. */
  readonly abort: AbortSignal
  /** Takes known secrets out of what is kept. */
  scrub(text: string): string
  /** Hears of every delivery that begins. */
  began?(): void
  /** Hears how every delivery ended. */
  ended?(outcome: Outcome): void
  /** Hears of every event that is set aside. */
  parked(handed: Handed, error: ErrorInfo): void
}

/** How many events are taken from the log in one go. */
const BATCH = 128

/**
 * So many events may be held in memory until others of their key are done, and so many until one comes back that waits
 * for its retry. What is more than the first is not taken from the log; what is more than the second, or has to wait
 * for longer than `longest`, waits there as well, and comes back with the one that it waits for: so many at a time, this
 * far `apart`. Both in ms.
 */
const HELD = { most: 256, longest: 1000, apart: 250 }

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
  readonly #deliverer: Deliverer
  readonly #lanes = new Lanes()
  readonly #ready: { key: string; handed: Handed }[] = []
  readonly #running = new Set<Work>()
  /** The highest seq that was begun, or waits in the log: all below it that is not settled needs a record. */
  #highest = 0
  #changed: () => void = () => undefined

  get name(): string {
    return this.#listener.name
  }

  constructor(listener: Listener, consumer: Consumer, host: PumpHost) {
    this.#listener = listener
    this.#consumer = consumer
    this.#host = host
    this.#deliverer = new Deliverer(listener, host)
    const { stop, abort } = host
    stop.addEventListener('abort', () => this.#changed(), { once: true })
    abort.addEventListener('abort', () => this.#running.forEach((work) => work.stop(asError(abort.reason))), {
      once: true,
    })
  }

  /**
   * Delivers what was in flight when the process died, one at a time. Nothing else may be delivered meanwhile, by any
   * pump: whoever kills the process again must have been alone.
   */
  async clearSuspects(): Promise<void> {
    const { stop } = this.#host
    for await (const { event, at } of this.#consumer.retrying()) this.#lanes.waits(this.#key(event), event.seq, at)
    while (this.#consumer.suspects > 0 && !stop.aborted) {
      const [handed] = await this.#consumer.pull(1, stop)
      if (handed !== undefined) await this.#tryAlone(handed)
    }
  }

  async #tryAlone(handed: Handed): Promise<void> {
    const { name, settings } = this.#listener
    const key = this.#key(handed.event)
    this.#lanes.enter(key, handed)
    if (this.#lanes.next(key) === undefined) {
      // An older event of its key waits for its retry: this one was held, and has killed nobody.
      this.#lanes.takeNewest(key)
      return this.#putBack(key, handed, this.#host.clock.now())
    }
    if ((handed.crashes ?? 0) >= settings.crashes) {
      this.#park(handed, crashError(name, handed))
      return this.#lanes.leave(key)
    }
    this.#deliver(key, handed)
    while (this.#running.size > 0) await this.#change()
  }

  /** After `clearSuspects`: runs until `stop` aborts and the deliveries that go on have ended; rejects when the log is closed before. */
  async run(): Promise<void> {
    const { stop } = this.#host
    while (!stop.aborted) {
      while (this.#isFull && !stop.aborted) await this.#change()
      for (const handed of await this.#consumer.pull(BATCH, stop)) this.#take(handed)
      // A log that has the next batch at hand must not keep timers and other listeners waiting.
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (this.#running.size > 0) await this.#change()
    this.#putBackAll()
    await this.#consumer.flush()
  }

  get #isFull(): boolean {
    return this.#ready.length >= BATCH || this.#lanes.moving >= HELD.most
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve))
  }

  #key(event: StoredEvent): string {
    return orderKey(this.#listener, event, this.#host.environment.logger)
  }

  #take(handed: Handed): void {
    const key = this.#key(handed.event)
    this.#lanes.enter(key, handed)
    this.#advance(key)
    this.#spill(key)
  }

  #advance(key: string): void {
    const handed = this.#lanes.next(key)
    if (handed !== undefined) {
      // First attempts start in order of seq, also those that had to wait for their key.
      const place = this.#ready.findIndex((other) => other.handed.event.seq > handed.event.seq)
      this.#ready.splice(place < 0 ? this.#ready.length : place, 0, { key, handed })
    }
    this.#begin()
  }

  // What can't be handled before an older event has had its retry waits in the log beside that: it must not fill the
  // memory, keep the cursor back, nor look like work that goes on.
  #spill(key: string): void {
    const until = this.#lanes.blockedUntil(key)
    if (until === undefined) return
    const most = until - this.#host.clock.now() > HELD.longest ? 0 : HELD.most
    while (this.#lanes.blocked > most) {
      const newest = this.#lanes.takeNewest(key)
      if (newest === undefined) return
      this.#highest = Math.max(this.#highest, newest.event.seq)
      const turn = Math.floor(this.#lanes.waiting(key) / HELD.most)
      this.#putBack(key, newest, Math.max(until, this.#host.clock.now()) + turn * HELD.apart)
    }
  }

  #begin(): void {
    while (this.#running.size < this.#listener.settings.concurrency && !this.#host.stop.aborted) {
      const next = this.#ready.shift()
      if (next === undefined) return
      this.#deliver(next.key, next.handed)
    }
  }

  #deliver(key: string, handed: Handed): void {
    const { environment, clock } = this.#host
    const fields = { listener: this.#listener.name, seq: handed.event.seq }
    environment.logger.debug({ ...fields, attempt: handed.attempt }, 'running listener')
    const work = new Work()
    this.#running.add(work)
    this.#highest = Math.max(this.#highest, handed.event.seq)
    const began = clock.now()
    this.#host.began?.()
    const delivery = this.#deliverer.deliver(handed, work)
    const ms = clock.now() - began
    if (ms > BLOCKING) environment.logger.warn({ ...fields, ms }, 'listener kept everybody waiting')
    void delivery.then((outcome) => {
      this.#settle(key, handed, outcome)
      this.#running.delete(work)
      this.#lanes.leave(key)
      this.#spill(key)
      this.#advance(key)
      this.#changed()
    })
  }

  #settle(key: string, handed: Handed, outcome: Outcome): void {
    const { seq } = handed.event
    this.#host.ended?.(outcome)
    if (outcome.end === 'ack') return this.#consumer.ack(handed, outcome.writes)
    const { abort, clock, environment } = this.#host
    // Cut off because the agent stops: the start of the handler is not held against the event.
    if (abort.aborted) return this.#putBack(key, handed, clock.now())
    const { name: listener } = this.#listener
    environment.logger.error({ listener, seq, attempt: handed.attempt, err: outcome.error }, 'listener failed')
    if (outcome.end === 'retry') {
      const error = errorInfo(outcome.error, this.#host.scrub)
      const at = clock.now() + outcome.after
      this.#lanes.waits(key, seq, at)
      return this.#consumer.retry(handed, { at, error })
    }
    this.#park(handed, outcome.error)
  }

  #park(handed: Handed, thrown: Error): void {
    const error = errorInfo(thrown, this.#host.scrub)
    this.#consumer.park(handed, { error })
    this.#host.environment.logger.error({ listener: this.#listener.name, seq: handed.event.seq }, 'event parked')
    this.#host.parked(handed, error)
  }

  // To be handed out again as if it had not been.
  #putBack(key: string, handed: Handed, at: number): void {
    this.#lanes.waits(key, handed.event.seq, at)
    this.#consumer.retry({ ...handed, attempt: handed.attempt - 1 }, { at })
  }

  // What was taken and not begun. Only those that newer events overtook need a record: the cursor stays before others.
  #putBackAll(): void {
    const taken = [...this.#ready.splice(0).map(({ handed }) => handed), ...this.#lanes.takeAll()]
    for (const handed of taken) {
      if (handed.event.seq < this.#highest) this.#putBack(this.#key(handed.event), handed, this.#host.clock.now())
    }
  }
}
