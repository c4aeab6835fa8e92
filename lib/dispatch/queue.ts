import type { Clock } from '../core/clock.ts'
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

/** What one listener was handed and has not begun: which of it is next, and what has to wait for others of its key. */
export class Queue {
  readonly #lanes = new Lanes()
  readonly #ready = new Ready()
  readonly #clock: Clock
  readonly #putBack: (key: string, handed: Handed, at: number) => void

  /** `putBack`: an event can't be handled soon, and is to come back at a time (ms since the epoch). */
  constructor(clock: Clock, putBack: (key: string, handed: Handed, at: number) => void) {
    this.#clock = clock
    this.#putBack = putBack
  }

  /** Whether no more than so many that may be handled should be added. */
  isFull(most: number): boolean {
    return this.#ready.size >= most || this.#lanes.moving >= HELD.most
  }

  /** Whether an event of this key may be handled at once: nobody is before it. */
  isFree(key: string): boolean {
    return this.#ready.size === 0 && this.#lanes.isFree(key)
  }

  add(key: string, handed: Handed): void {
    this.#lanes.enter(key, handed)
    this.#goOn(key)
  }

  /** Takes out the oldest that may be handled now. */
  next(): { readonly key: string; readonly handed: Handed } | undefined {
    return this.#ready.take()
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
    return [...this.#ready.takeAll(), ...this.#lanes.takeAll()]
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
    const now = this.#clock.now()
    const most = until - now > HELD.longest ? 0 : HELD.most
    while (this.#lanes.blocked > most) {
      const newest = this.#lanes.takeNewest(key)
      if (newest === undefined) return
      const turn = Math.floor(this.#lanes.waiting(key) / HELD.most)
      this.#putBack(key, newest, Math.max(until, now) + turn * HELD.apart)
    }
  }
}
