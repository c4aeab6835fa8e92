import type { Handed } from '../log/port.ts'

/** An event that may be handled now, and its key. */
interface Next {
  readonly key: string
  readonly handed: Handed
}

/** Events to handle as soon as there is room. First attempts start in order of seq, even those their key held back. */
export class Ready {
  readonly #next: Next[] = []

  get size(): number {
    return this.#next.length
  }

  add(key: string, handed: Handed): void {
    const { seq } = handed.event
    // Fast path: most events arrive in order.
    const isNewest = (this.#next.at(-1)?.handed.event.seq ?? 0) < seq
    const place = isNewest ? this.#next.length : this.#next.findIndex((other) => other.handed.event.seq > seq)
    this.#next.splice(place < 0 ? this.#next.length : place, 0, { key, handed })
  }

  /** Takes the oldest event. */
  take(): Next | undefined {
    return this.#next.shift()
  }

  takeAll(): Handed[] {
    return this.#next.splice(0).map(({ handed }) => handed)
  }
}
