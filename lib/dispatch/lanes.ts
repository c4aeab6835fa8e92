import type { Handed } from '../log/port.ts'

/**
 * One key: what is handled now, what waits in the log with when it comes back (ms since the epoch), what is held here
 * until those are done.
 */
interface Lane {
  active: boolean
  waiting: Map<number, number> | undefined
  readonly held: Handed[]
}

/**
 * Keeps the events of one key in order: one at a time, the lowest seq first, and none before an older one that waits
 * for its retry. Knows nothing of how events are handled.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  /** Those that hold events. */
  readonly #holding = new Set<Lane>()
  // The one key that is handled while nothing else is about, as it mostly is: it gets its lane when there is more to know.
  #sole: string | undefined

  /** How many held events have their turn as soon as others of their key are done. */
  get moving(): number {
    return this.#count((lane) => oldestBefore(lane) === undefined)
  }

  /** How many held events can't be handled before one comes back that waits in the log. */
  get blocked(): number {
    return this.#count((lane) => oldestBefore(lane) !== undefined)
  }

  /** When the event comes back that holds up this key; undefined: none does. */
  blockedUntil(key: string): number | undefined {
    const lane = this.#lanes.get(key)
    const oldest = lane === undefined ? undefined : oldestBefore(lane)
    return oldest === undefined ? undefined : lane?.waiting?.get(oldest)
  }

  /** How many events of this key wait in the log. */
  waiting(key: string): number {
    return this.#lanes.get(key)?.waiting?.size ?? 0
  }

  /** An event of this key waits in the log, and comes back at a time: what is newer has to wait for it. */
  waits(key: string, seq: number, at: number): void {
    const lane = this.#lane(key)
    lane.waiting ??= new Map()
    lane.waiting.set(seq, at)
  }

  /** Whether nothing of this key is handled, held or waits. */
  isFree(key: string): boolean {
    return (this.#lanes.size === 0 || !this.#lanes.has(key)) && this.#sole !== key
  }

  /** An event of this key is handled from here on, though it was never held. */
  occupy(key: string): void {
    if (this.#lanes.size === 0 && this.#sole === undefined) this.#sole = key
    else this.#lane(key).active = true
  }

  /** An event has come: it is held until `next` gives it. */
  enter(key: string, handed: Handed): void {
    const lane = this.#lane(key)
    lane.waiting?.delete(handed.event.seq)
    const place = lane.held.findIndex(({ event }) => event.seq > handed.event.seq)
    lane.held.splice(place < 0 ? lane.held.length : place, 0, handed)
    this.#holding.add(lane)
  }

  /** The event of this key that may be handled now, if any; it counts as being handled from here on. */
  next(key: string): Handed | undefined {
    const lane = this.#lanes.get(key)
    if (lane === undefined || lane.active || oldestBefore(lane) !== undefined) return undefined
    const first = this.#take(lane, 'shift')
    if (first !== undefined) lane.active = true
    return first
  }

  /** The event that was handled is settled, or waits in the log (`waits` says so). False: no other of its key is held. */
  leave(key: string): boolean {
    if (this.#sole === key) {
      this.#sole = undefined
      return false
    }
    const lane = this.#lanes.get(key)
    if (lane === undefined) return false
    lane.active = false
    if (lane.held.length > 0) return true
    if (lane.waiting === undefined || lane.waiting.size === 0) this.#lanes.delete(key)
    return false
  }

  /** Takes out the newest held event of this key: it is to wait in the log instead. */
  takeNewest(key: string): Handed | undefined {
    const lane = this.#lanes.get(key)
    return lane === undefined ? undefined : this.#take(lane, 'pop')
  }

  /** Takes out everything that is held. */
  takeAll(): Handed[] {
    const all = [...this.#holding].flatMap(({ held }) => held.splice(0))
    this.#holding.clear()
    return all
  }

  #take(lane: Lane, end: 'shift' | 'pop'): Handed | undefined {
    const handed = lane.held[end]()
    if (lane.held.length === 0) this.#holding.delete(lane)
    return handed
  }

  #count(counts: (lane: Lane) => boolean): number {
    let sum = 0
    for (const lane of this.#holding) if (counts(lane)) sum += lane.held.length
    return sum
  }

  #lane(key: string): Lane {
    if (this.#sole !== undefined) {
      this.#lanes.set(this.#sole, { active: true, waiting: undefined, held: [] })
      this.#sole = undefined
    }
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { active: false, waiting: undefined, held: [] }))
    return lane
  }
}

// The oldest that waits in the log, where it is older than all that is held.
function oldestBefore({ active, waiting, held }: Lane): number | undefined {
  let oldest = active ? undefined : held[0]?.event.seq
  if (oldest === undefined || waiting === undefined) return undefined
  const first = oldest
  for (const seq of waiting.keys()) if (seq < oldest) oldest = seq
  return oldest < first ? oldest : undefined
}
