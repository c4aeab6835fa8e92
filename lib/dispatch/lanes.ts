import type { Handed } from '../log/port.ts'

/** The events of one key. */
interface Lane {
  /** Whether an event is being handled. */
  active: boolean
  /** The events that wait in the log: their seq, and when they come back in ms since the epoch. */
  waiting: Map<number, number> | undefined
  /** The events that are held in memory until those are done, the lowest seq first. */
  readonly held: Handed[]
}

/** An event with its order key. Asking for the key may cost as much as a delivery. */
export interface Keyed {
  readonly key: string
}

/**
 * Keeps the events of each key in order: one at a time, the lowest seq first, and none before an older one that waits
 * for its retry. Independent of how events are handled.
 *
 * ```
 *               hold           takeNext
 *   new event ───────→ held ─────────────→ active ──→ finish
 *       │               ↑ │                  ↑ │
 *       │         hold  │ │ takeNewest       │ │ wait, finish
 *       │               │ ↓                  │ ↓
 *       │              waiting in the log ←──┼──
 *       └── start, if its key is free ───────┘
 * ```
 *
 * Invariants, for each key:
 * - At most one event is active.
 * - `takeNext` takes the lowest seq of all that are held or waiting, or nothing: not while that one waits.
 * - `finish` deletes the lane of a key that has no more events, so lanes do not accumulate.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  /** The lanes that hold events. */
  readonly #holding = new Set<Lane>()
  // The only event being handled, the usual case. It gets a lane only when more has to be tracked.
  #sole: Keyed | undefined

  /** Number of held events that can be handled as soon as others of their key are done. */
  get heldByActive(): number {
    return this.#count((lane) => oldestBefore(lane) === undefined)
  }

  /** Number of held events behind an older one that waits in the log. */
  get heldByWaiting(): number {
    return this.#count((lane) => oldestBefore(lane) !== undefined)
  }

  /** When the event that holds back this key comes back, in ms since the epoch; undefined if none holds it back. */
  heldUntil(key: string): number | undefined {
    const lane = this.#lanes.get(key)
    const oldest = lane === undefined ? undefined : oldestBefore(lane)
    return oldest === undefined ? undefined : lane?.waiting?.get(oldest)
  }

  /** Number of events of this key that wait in the log. */
  waiting(key: string): number {
    return this.#lanes.get(key)?.waiting?.size ?? 0
  }

  /** Whether no other event of its key is active, held or waiting. */
  isFree(event: Keyed): boolean {
    if (this.#lanes.size === 0 && this.#sole === undefined) return true
    return !this.#lanes.has(event.key) && this.#sole?.key !== event.key
  }

  /** Makes an event of a free key active. */
  start(event: Keyed): void {
    if (this.#lanes.size === 0 && this.#sole === undefined) this.#sole = event
    else this.#lane(event.key).active = true
  }

  /** Holds an event until `takeNext` returns it. */
  hold(key: string, handed: Handed): void {
    const lane = this.#lane(key)
    lane.waiting?.delete(handed.event.seq)
    const place = lane.held.findIndex(({ event }) => event.seq > handed.event.seq)
    lane.held.splice(place < 0 ? lane.held.length : place, 0, handed)
    this.#holding.add(lane)
  }

  /** Takes the held event of this key that may be handled now, if any, and makes it active. */
  takeNext(key: string): Handed | undefined {
    const lane = this.#lanes.get(key)
    if (lane === undefined || lane.active || oldestBefore(lane) !== undefined) return undefined
    const first = this.#take(lane, 'shift')
    if (first !== undefined) lane.active = true
    return first
  }

  /** An event of this key waits in the log until `at`, in ms since the epoch; newer events wait for it. */
  wait(key: string, seq: number, at: number): void {
    const lane = this.#lane(key)
    lane.waiting ??= new Map()
    lane.waiting.set(seq, at)
  }

  /** Whether no event is held back, or may hold back another. */
  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  /** An event of this key no longer waits in the log. Returns whether others of its key are held, and none is active. */
  leaves(key: string, seq: number): boolean {
    const lane = this.#lanes.get(key)
    if (lane?.waiting?.delete(seq) !== true || lane.active) return false
    if (lane.held.length > 0) return true
    if (lane.waiting.size === 0) this.#lanes.delete(key)
    return false
  }

  /** The active event is settled, or waits in the log (see `wait`). Returns whether others of its key are held. */
  finish(event: Keyed): boolean {
    if (this.#sole === event) {
      this.#sole = undefined
      return false
    }
    const lane = this.#lanes.size === 0 ? undefined : this.#lanes.get(event.key)
    if (lane === undefined) return false
    lane.active = false
    if (lane.held.length > 0) return true
    if (lane.waiting === undefined || lane.waiting.size === 0) this.#lanes.delete(event.key)
    return false
  }

  /** Removes the newest held event of this key, so that it waits in the log instead. */
  takeNewest(key: string): Handed | undefined {
    const lane = this.#lanes.get(key)
    return lane === undefined ? undefined : this.#take(lane, 'pop')
  }

  /** Removes all held events. */
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
      this.#lanes.set(this.#sole.key, { active: true, waiting: undefined, held: [] })
      this.#sole = undefined
    }
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { active: false, waiting: undefined, held: [] }))
    return lane
  }
}

// The oldest event that waits in the log, if it is older than all held ones and none is active.
function oldestBefore({ active, waiting, held }: Lane): number | undefined {
  let oldest = active ? undefined : held[0]?.event.seq
  if (oldest === undefined || waiting === undefined) return undefined
  const first = oldest
  for (const seq of waiting.keys()) if (seq < oldest) oldest = seq
  return oldest < first ? oldest : undefined
}
