import type { Clock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Handed } from '../log/port.ts'
import { Lanes } from './lanes.ts'
import { Ready } from './ready.ts'

/**
 * At most `most` events are held in memory until others of their key are done, and at most as many behind one that
 * waits for its retry. Beyond the first limit, no more are taken from the log. Beyond the second, or if the wait
 * exceeds `longest`, events wait in the log too and come back with the one they wait for: `most` at a time, `apart`
 * from each other. `longest` and `apart` are in ms.
 */
const HELD = { most: 256, longest: 1000, apart: 250 }

/** What a queue needs from its pump. */
export interface QueueHost {
  readonly clock: Clock
  /** The order key of an event. */
  key(event: StoredEvent): string
  /** Returns an event that cannot be handled soon to the log until `at`, in ms since the epoch. */
  putBack(key: string, handed: Handed, at: number): void
}

/** The events handed to one listener and not begun: which is next, and which wait for others of their key. */
export class Queue {
  readonly #lanes = new Lanes()
  readonly #ready = new Ready()
  // Events not examined yet. Most find their key free when their turn comes and need no lane.
  #handed: readonly Handed[] = []
  #looked = 0
  readonly #host: QueueHost

  constructor(host: QueueHost) {
    this.#host = host
  }

  /** Number of events that can run as soon as there is room. */
  get size(): number {
    return this.#handed.length - this.#looked + this.#ready.size
  }

  /** Whether no more should be added; `most`: the number that is enough. */
  isFull(most: number): boolean {
    return this.size >= most || this.#lanes.moving >= HELD.most
  }

  add(handed: readonly Handed[]): void {
    this.#handed = this.#looked < this.#handed.length ? [...this.#handed.slice(this.#looked), ...handed] : handed
    this.#looked = 0
  }

  /** Takes the oldest event that may be handled now. */
  next(): { readonly key: string; readonly handed: Handed } | undefined {
    for (;;) {
      const ready = this.#ready.take()
      if (ready !== undefined || this.#looked >= this.#handed.length) return ready
      const handed = this.#handed[this.#looked++] as Handed
      const key = this.#host.key(handed.event)
      if (this.#lanes.isFree(key)) return { key, handed }
      this.#lanes.enter(key, handed)
      this.#goOn(key)
    }
  }

  /** Marks this event as being handled if it may be handled now. Returns false if an older one of its key waits. */
  admits(key: string, handed: Handed): boolean {
    this.#lanes.enter(key, handed)
    if (this.#lanes.next(key) !== undefined) return true
    this.#lanes.takeNewest(key)
    return false
  }

  /** Marks an event of this key, which was free, as being handled. */
  occupy(key: string): void {
    this.#lanes.occupy(key)
  }

  /** The handled event of this key is settled, or waits in the log. */
  leave(key: string): void {
    if (this.#lanes.leave(key)) this.#goOn(key)
  }

  /** An event of this key waits in the log until `at`; newer events wait for it. */
  waits(key: string, seq: number, at: number): void {
    this.#lanes.waits(key, seq, at)
  }

  takeAll(): Handed[] {
    const rest = this.#handed.slice(this.#looked)
    this.#looked = this.#handed.length
    return [...this.#ready.takeAll(), ...this.#lanes.takeAll(), ...rest]
  }

  #goOn(key: string): void {
    this.#spill(key)
    const handed = this.#lanes.next(key)
    if (handed !== undefined) this.#ready.add(key, handed)
  }

  // Events behind an older one's retry wait in the log with it: they must not fill the memory, hold the cursor back or
  // look like work in progress.
  #spill(key: string): void {
    const until = this.#lanes.blockedUntil(key)
    if (until === undefined) return
    const now = this.#host.clock.now()
    const most = until - now > HELD.longest ? 0 : HELD.most
    while (this.#lanes.blocked > most) {
      const newest = this.#lanes.takeNewest(key)
      if (newest === undefined) return
      const turn = Math.floor(this.#lanes.waiting(key) / HELD.most)
      this.#host.putBack(key, newest, Math.max(until, now) + turn * HELD.apart)
    }
  }
}
