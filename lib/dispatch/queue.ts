import type { Clock } from '../core/clock.ts'
import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Listener } from '../listener/listener.ts'
import type { Handed } from '../log/port.ts'
import { identityKeys } from '../log/shards.ts'
import { Lanes } from './lanes.ts'

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

/** An event with its order key: events of one key are handled one at a time, in order. */
export interface Queued {
  readonly key: string
  readonly handed: Handed
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
      const key = this.#key(handed.event)
      if (this.#lanes.isFree(key)) return { key, handed }
      this.#lanes.hold(key, handed)
      this.#advance(key)
    }
  }

  /** Takes this event ahead of all others. Returns undefined, and puts it back, if an older one of its key waits. */
  admit(handed: Handed): Queued | undefined {
    const key = this.#key(handed.event)
    this.#lanes.hold(key, handed)
    if (this.#lanes.takeNext(key) !== undefined) return { key, handed }
    // Not before the older one: it would come back at once, again and again.
    const until = Math.max(this.#lanes.heldUntil(key) ?? 0, this.#host.clock.now())
    this.#lanes.takeNewest(key)
    this.#putBack(key, handed, until)
    return undefined
  }

  /** The event takes some time: until it leaves, no other of its key is next. */
  start({ key }: Queued): void {
    this.#lanes.start(key)
  }

  /** The event is settled. */
  done({ key, handed }: Queued): void {
    if (this.#keys.size > 0) this.#keys.delete(handed.event.seq)
    this.#finish(key)
  }

  /** The event waits in the log until `at`, in ms since the epoch; newer ones of its key wait for it. */
  wait({ key, handed }: Queued, at: number): void {
    this.#lanes.wait(key, handed.event.seq, at)
    this.#finish(key)
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

  #finish(key: string): void {
    if (this.#lanes.finish(key)) this.#advance(key)
  }

  #advance(key: string): void {
    this.#spill(key)
    const handed = this.#lanes.takeNext(key)
    if (handed === undefined) return
    const { seq } = handed.event
    // Fast path: most events arrive in order.
    const isNewest = (this.#ready.at(-1)?.handed.event.seq ?? 0) < seq
    const place = isNewest ? -1 : this.#ready.findIndex((other) => other.handed.event.seq > seq)
    this.#ready.splice(place < 0 ? this.#ready.length : place, 0, { key, handed })
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
