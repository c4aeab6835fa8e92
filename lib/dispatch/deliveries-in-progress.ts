import type { DeliveryAttempt } from './delivery-attempt.ts'

/**
 * The deliveries in progress at one pump. Each has a slot until it ends, since the runtime allocates a set again whenever
 * its only element leaves: once an event.
 */
export class DeliveriesInProgress {
  readonly #slots: (DeliveryAttempt | undefined)[] = []
  /** When the delivery in each slot began, in ms since the epoch. */
  readonly #began: number[] = []
  /** The lowest free slot. */
  #free = 0
  #size = 0

  /** The number of deliveries in progress. */
  get size(): number {
    return this.#size
  }

  /** When the oldest of them began, in ms since the epoch; undefined without any. */
  get since(): number | undefined {
    return this.#size === 0 ? undefined : Math.min(...this.#began.filter((_, slot) => this.#slots[slot] !== undefined))
  }

  /** Adds a delivery; returns its slot. */
  add(attempt: DeliveryAttempt, began: number): number {
    const slot = this.#free
    this.#slots[slot] = attempt
    this.#began[slot] = began
    this.#size += 1
    do this.#free += 1
    while (this.#slots[this.#free] !== undefined)
    return slot
  }

  /** The delivery in this slot has ended. */
  end(slot: number): void {
    this.#slots[slot] = undefined
    this.#size -= 1
    this.#free = Math.min(this.#free, slot)
  }

  /** Stops all of them. */
  stop(reason: Error): void {
    for (const attempt of this.#slots) attempt?.stop(reason)
  }
}
