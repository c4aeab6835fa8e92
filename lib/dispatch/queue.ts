import type { Clock } from '../core/clock.ts'
import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Listener } from '../listener/listener.ts'
import type { Handed } from '../log/port.ts'
import { identityKeys } from '../log/shards.ts'
import { type Keyed, Lanes } from './lanes.ts'

/**
 * Decision 0008. At most `most` events are held in memory until others of their key are done, and at most as many
 * behind one that waits for its retry. Beyond the first limit, no more are taken from the log. Beyond the second, or if
 * the wait exceeds `longest`, events wait in the log too and come back with the one they wait for: `most` at a time,
 * `apart` from each other. `longest` and `apart` are in ms.
 */
const HELD = { most: 256, longest: 1000, apart: 250 }

/** What a queue needs from its pump. */
export interface QueueHost {
  readonly clock: Clock
  readonly logger: Logger
  /** Returns an event that cannot be handled soon to the log until `at`, in ms since the epoch. */
  putBack(handed: Handed, at: number): void
}

/**
 * An event with its order key: events of one key are handled one at a time, in order. The key is made when it is first
 * needed, and most events need none, since no other is at hand.
 */
export class Queued implements Keyed {
  readonly handed: Handed
  readonly #keyOf: (event: StoredEvent) => string
  #key: string | undefined

  constructor(handed: Handed, keyOf: (event: StoredEvent) => string, key?: string) {
    this.handed = handed
    this.#keyOf = keyOf
    this.#key = key
  }

  get key(): string {
    return (this.#key ??= this.#keyOf(this.handed.event))
  }
}

/**
 * The events that were handed to one listener and are not settled: which one is next, and which wait for others of their
 * key. The one that `next` or `admit` returned leaves by `done` or `wait`.
 */
export class Queue {
  readonly #listener: Listener
  readonly #host: QueueHost
  readonly #lanes = new Lanes()
  // Events not examined yet. Most find their key free when their turn comes and need no lane.
  #handed: readonly Handed[] = []
  #examined = 0
  /** The events to handle as soon as there is room, by seq: first attempts start in order, also after their key was held back. */
  readonly #ready: Queued[] = []
  /** The key of each unsettled event, if `ordered` is a function. */
  readonly #keys = new Map<number, string>()
  readonly #keyOf = (event: StoredEvent): string => this.#key(event)

  constructor(listener: Listener, host: QueueHost) {
    this.#listener = listener
    this.#host = host
  }

  /** Number of events that can be handled as soon as there is room. */
  get size(): number {
    return this.#handed.length - this.#examined + this.#ready.length
  }

  /** Whether no more should be added; `most`: the number that is enough. */
  isFull(most: number): boolean {
    return this.size >= most || this.#lanes.heldByActive >= HELD.most
  }

  /** Number of events that are held until an older one of their key comes back from the log. */
  get held(): number {
    return this.#lanes.heldByWaiting
  }

  add(handed: readonly Handed[]): void {
    const rest = this.#handed.slice(this.#examined)
    this.#handed = rest.length > 0 ? [...rest, ...handed] : handed
    this.#examined = 0
  }

  /** Takes the oldest event that may be handled now. */
  next(): Queued | undefined {
    for (;;) {
      if (this.#ready.length > 0) return this.#ready.shift()
      if (this.#examined >= this.#handed.length) return undefined
      const handed = this.#handed[this.#examined++] as Handed
      const queued = this.#queued(handed)
      if (this.#lanes.isFree(queued)) return queued
      this.#lanes.hold(queued.key, handed)
      this.#advance(queued.key)
    }
  }

  /** Takes this event ahead of all others. Returns undefined, and puts it back, if an older one of its key waits. */
  admit(handed: Handed): Queued | undefined {
    const queued = this.#queued(handed)
    const { key } = queued
    this.#lanes.hold(key, handed)
    if (this.#lanes.takeNext(key) !== undefined) return queued
    // Not before the older one: it would come back at once, again and again.
    const until = Math.max(this.#lanes.heldUntil(key) ?? 0, this.#host.clock.now())
    this.#lanes.takeNewest(key)
    this.#putBack(key, handed, until)
    return undefined
  }

  /** The event takes some time: until it leaves, no other of its key is next. */
  start(queued: Queued): void {
    this.#lanes.start(queued)
  }

  /** The event is settled. */
  done(queued: Queued): void {
    if (this.#keys.size > 0) this.#keys.delete(queued.handed.event.seq)
    this.#finish(queued)
  }

  /** The event waits in the log until `at`, in ms since the epoch; newer ones of its key wait for it. */
  wait(queued: Queued, at: number): void {
    this.#lanes.wait(queued.key, queued.handed.event.seq, at)
    this.#finish(queued)
  }

  /** As `wait`, for an event that was put into the log before this queue existed. */
  waits(event: StoredEvent, at: number): void {
    this.#lanes.wait(this.#key(event), event.seq, at)
  }

  /** An event that was to come back from the log does not: nothing waits for it any longer. */
  leaves(event: StoredEvent): void {
    if (this.#lanes.isEmpty) return
    const key = this.#key(event)
    this.#keys.delete(event.seq)
    if (this.#lanes.leaves(key, event.seq)) this.#advance(key)
  }

  /** Removes all events that were added and did not become next. */
  takeAll(): Handed[] {
    const rest = this.#handed.slice(this.#examined)
    this.#examined = this.#handed.length
    return [...this.#ready.splice(0).map(({ handed }) => handed), ...this.#lanes.takeAll(), ...rest]
  }

  #finish(queued: Queued): void {
    if (this.#lanes.finish(queued)) this.#advance(queued.key)
  }

  #advance(key: string): void {
    this.#spill(key)
    const handed = this.#lanes.takeNext(key)
    if (handed === undefined) return
    const { seq } = handed.event
    // Fast path: most events arrive in order.
    const isNewest = (this.#ready.at(-1)?.handed.event.seq ?? 0) < seq
    const place = isNewest ? -1 : this.#ready.findIndex((other) => other.handed.event.seq > seq)
    this.#ready.splice(place < 0 ? this.#ready.length : place, 0, new Queued(handed, this.#keyOf, key))
  }

  // Events behind an older one's retry wait in the log with it: they must not fill the memory, hold the cursor back or
  // look like work in progress.
  #spill(key: string): void {
    const until = this.#lanes.heldUntil(key)
    if (until === undefined) return
    const now = this.#host.clock.now()
    const most = until - now > HELD.longest ? 0 : HELD.most
    while (this.#lanes.heldByWaiting > most) {
      const newest = this.#lanes.takeNewest(key)
      if (newest === undefined) return
      const turn = Math.floor(this.#lanes.waiting(key) / HELD.most)
      this.#putBack(key, newest, Math.max(until, now) + turn * HELD.apart)
    }
  }

  #putBack(key: string, handed: Handed, at: number): void {
    this.#lanes.wait(key, handed.event.seq, at)
    this.#host.putBack(handed, at)
  }

  #queued(handed: Handed): Queued {
    // A user's function is asked once for each event, when it arrives.
    const isAsked = typeof this.#listener.settings.ordered === 'function'
    return new Queued(handed, this.#keyOf, isAsked ? this.#key(handed.event) : undefined)
  }

  #key(event: StoredEvent): string {
    const { ordered } = this.#listener.settings
    if (ordered === true) return ''
    if (ordered === false) return String(event.seq)
    const identity = identityKeys.of(event)
    return ordered === 'identity' ? identity : this.#keyBy(ordered, event, identity)
  }

  // Cached, because the function may return another key the next time, and events behind the first would wait forever.
  #keyBy(ordered: (event: StoredEvent) => string, event: StoredEvent, identity: string): string {
    let key = this.#keys.get(event.seq)
    if (key !== undefined) return key
    try {
      key = String(ordered(event))
    } catch (error) {
      const fields = { listener: this.#listener.name, seq: event.seq, err: asError(error) }
      this.#host.logger.error(fields, 'ordered failed, so the event is ordered by its identity')
      key = identity
    }
    this.#keys.set(event.seq, key)
    return key
  }
}
