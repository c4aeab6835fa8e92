import type { Op } from './level-commit.ts'
import { keys } from './level-keys.ts'
import { encode } from './level-records.ts'

/** What was in flight when the process died, and how often it died over each while that was alone. */
export type Deaths = ReadonlyMap<number, number>

/**
 * The events of one consumer that may have killed the process: all that were in flight when it died. Each is handed
 * out alone, after its attempt was recorded: whoever kills the process again is found out, and nobody else is blamed.
 */
export class Suspects {
  readonly #name: string
  readonly #deaths: Map<number, number>
  readonly #accused = new Set<number>()

  constructor(name: string, deaths: Deaths) {
    this.#name = name
    this.#deaths = new Map(deaths)
  }

  /** How many were not handed out yet. */
  get waiting(): number {
    return this.#deaths.size - this.#accused.size
  }

  /** Those that were not handed out yet. */
  get seqs(): readonly number[] {
    return [...this.#deaths.keys()].filter((seq) => !this.#accused.has(seq))
  }

  /** How often the process died over this event alone; undefined when nobody suspects it. */
  deaths(seq: number): number | undefined {
    return this.#deaths.get(seq)
  }

  /** To be stored before the event is handed out: one more death, in case nobody lives to record it. */
  record(seq: number): Op {
    const key = keys.crash(this.#name, seq)
    return [key, encode(key, (this.deaths(seq) ?? 0) + 1)]
  }

  /** The event is handed out. */
  accuse(seq: number): void {
    if (this.#deaths.has(seq)) this.#accused.add(seq)
  }

  /** The event's delivery ended, well or not, and the process lives: undefined when nobody suspected it. */
  clear(seq: number): Op | undefined {
    this.#accused.delete(seq)
    return this.#deaths.delete(seq) ? [keys.crash(this.#name, seq), undefined] : undefined
  }
}
