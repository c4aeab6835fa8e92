import { keys } from '../format/keys.ts'
import { encode } from '../format/records.ts'
import type { Op } from '../write/commit.ts'

/** The events in flight when the process died, each with the number of crashes while it was alone in flight. */
export type Deaths = ReadonlyMap<number, number>

/**
 * The events of one consumer that may have killed the process: all that were in flight when it died. Each is handed
 * out alone, after its attempt was recorded, so that the next crash identifies the one event that causes it.
 */
export class Suspects {
  readonly #name: string
  readonly #deaths: Map<number, number>
  readonly #accused = new Set<number>()

  constructor(name: string, deaths: Deaths) {
    this.#name = name
    this.#deaths = new Map(deaths)
  }

  /** How many suspects have not been handed out yet. */
  get waiting(): number {
    return this.#deaths.size - this.#accused.size
  }

  /** The seqs of the suspects that have not been handed out yet. */
  get seqs(): readonly number[] {
    return [...this.#deaths.keys()].filter((seq) => !this.#accused.has(seq))
  }

  /** How often the process died with this event alone in flight; undefined when it is no suspect. */
  deaths(seq: number): number | undefined {
    return this.#deaths.get(seq)
  }

  /** Returns the operation to store before the event is handed out: counts the crash in advance. */
  record(seq: number): Op {
    const key = keys.crash(this.#name, seq)
    return [key, encode(key, (this.deaths(seq) ?? 0) + 1)]
  }

  /** The event was handed out. */
  accuse(seq: number): void {
    if (this.#deaths.has(seq)) this.#accused.add(seq)
  }

  /** The delivery ended, in success or failure, and the process lives. Returns undefined when it was no suspect. */
  clear(seq: number): Op | undefined {
    this.#accused.delete(seq)
    return this.#deaths.delete(seq) ? [keys.crash(this.#name, seq), undefined] : undefined
  }
}
