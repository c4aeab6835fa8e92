import type { Handed } from '../log/port.ts'

/** One key: what is handled now, what waits for its retry in the log, what is held until those are done. */
interface Lane {
  active: boolean
  readonly waiting: Set<number>
  readonly held: Handed[]
}

/**
 * Keeps the events of one key in order: one at a time, the lowest seq first, and none before an older one that waits
 * for its retry. Knows nothing of how events are handled.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  #held = 0

  /** How many events are held back. */
  get held(): number {
    return this.#held
  }

  /** An event of this key waits in the log, and comes back later: what is newer has to wait for it. */
  waits(key: string, seq: number): void {
    this.#lane(key).waiting.add(seq)
  }

  /** An event has come: it is held until `next` gives it. */
  enter(key: string, handed: Handed): void {
    const lane = this.#lane(key)
    lane.waiting.delete(handed.event.seq)
    const place = lane.held.findIndex(({ event }) => event.seq > handed.event.seq)
    lane.held.splice(place < 0 ? lane.held.length : place, 0, handed)
    this.#held += 1
  }

  /** The event of this key that may be handled now, if any; it counts as being handled from here on. */
  next(key: string): Handed | undefined {
    const lane = this.#lanes.get(key)
    const first = lane?.held[0]
    if (lane === undefined || lane.active || first === undefined) return undefined
    for (const seq of lane.waiting) if (seq < first.event.seq) return undefined
    lane.held.shift()
    this.#held -= 1
    lane.active = true
    return first
  }

  /** The event that was handled is settled, or waits in the log (`waits` says so). */
  leave(key: string): void {
    const lane = this.#lanes.get(key)
    if (lane === undefined) return
    lane.active = false
    if (lane.held.length === 0 && lane.waiting.size === 0) this.#lanes.delete(key)
  }

  /** Takes out the newest held event of this key: it is to wait in the log instead. */
  takeNewest(key: string): Handed | undefined {
    const handed = this.#lanes.get(key)?.held.pop()
    if (handed !== undefined) this.#held -= 1
    return handed
  }

  /** Takes out everything that is held. */
  takeAll(): Handed[] {
    const all = [...this.#lanes.values()].flatMap(({ held }) => held.splice(0))
    this.#held = 0
    return all
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { active: false, waiting: new Set(), held: [] }))
    return lane
  }
}
