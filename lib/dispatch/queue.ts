import type { Clock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Handed } from '../log/port.ts'
import { Lanes } from './lanes.ts'
import { Ready } from './ready.ts'

/**
 * So many events may be held in memory until others of their key are done, and so many until one comes back that waits
 * for its retry. What is more than the first is not taken from the log; what is more than the second, or has to wait
 * for longer than `longest`, waits there as well, and comes back with the one that it waits for: so many at a time, this
 * far `apart`. Both in ms.
 */
const HELD = { most: 256, longest: 1000, apart: 250 }

/** What a queue asks of its pump. */
export interface QueueHost {
  readonly clock: Clock
  /** Which events are of one key. */
  key(event: StoredEvent): string
  /** The event can't be handled soon, and is to come back at a time (ms since the epoch). */
  putBack(key: string, handed: Handed, at: number): void
}

/** What one listener was handed and has not begun: which of it is next, and what has to wait for others of its key. */
export class Queue {
  readonly #lanes = new Lanes()
  readonly #ready = new Ready()
  // What was handed and not looked at: most of it finds its key free when its turn comes, and needs no lane.
  #handed: readonly Handed[] = []
  #looked = 0
  readonly #host: QueueHost

  constructor(host: QueueHost) {
    this.#host = host
  }

  /** How many have their turn as soon as there is room. */
  get size(): number {
    return this.#handed.length - this.#looked + this.#ready.size
  }

  /** Whether no more should be added; `most`: how many are enough. */
  isFull(most: number): boolean {
    return this.size >= most || this.#lanes.moving >= HELD.most
  }

  add(handed: readonly Handed[]): void {
    this.#handed = this.#looked < this.#handed.length ? [...this.#handed.slice(this.#looked), ...handed] : handed
    this.#looked = 0
  }

  /** Takes out the oldest that may be handled now. */
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

  /** Whether this event may be handled now; it counts as being handled from here on. False: an older one of its key waits. */
  admits(key: string, handed: Handed): boolean {
    this.#lanes.enter(key, handed)
    if (this.#lanes.next(key) !== undefined) return true
    this.#lanes.takeNewest(key)
    return false
  }

  /** An event of this key is handled from here on, that was free. */
  occupy(key: string): void {
    this.#lanes.occupy(key)
  }

  /** The event of this key that was handled is settled, or waits in the log. */
  leave(key: string): void {
    if (this.#lanes.leave(key)) this.#goOn(key)
  }

  /** An event of this key waits in the log until a time: what is newer has to wait for it. */
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

  // What can't be handled before an older event has had its retry waits in the log beside that: it must not fill the
  // memory, keep the cursor back, nor look like work that goes on.
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
