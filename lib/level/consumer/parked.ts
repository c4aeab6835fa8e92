import { keys } from '../format/keys.ts'
import { encode, type ParkedRecord } from '../format/records.ts'
import type { PendingWrites } from './pending-writes.ts'

/** The parked events of one consumer. Only their seqs are in memory. */
export class ParkedEvents {
  readonly #name: string
  readonly #ledger: PendingWrites
  readonly #seqs: Set<number>

  constructor(name: string, ledger: PendingWrites, seqs: readonly number[]) {
    this.#name = name
    this.#ledger = ledger
    this.#seqs = new Set(seqs)
  }

  get size(): number {
    return this.#seqs.size
  }

  park(seq: number, record: ParkedRecord): void {
    const key = keys.parked(this.#name, seq)
    this.#seqs.add(seq)
    this.#ledger.change(key, encode(key, record))
  }

  /** Removes an event and returns its record; undefined when it is not parked. */
  take(seq: number): ParkedRecord | undefined {
    if (!this.#seqs.has(seq)) return undefined
    // Reads first: if that fails, the event stays parked.
    const record = this.read(seq)
    this.remove(seq)
    return record
  }

  /** Removes an event without reading its record. Returns false when it is not parked. */
  remove(seq: number): boolean {
    if (!this.#seqs.delete(seq)) return false
    this.#ledger.change(keys.parked(this.#name, seq), undefined)
    return true
  }

  read(seq: number): ParkedRecord | undefined {
    return this.#ledger.read<ParkedRecord>(keys.parked(this.#name, seq))
  }

  /** The seqs of all parked events, lowest first. */
  seqs(): readonly number[] {
    return [...this.#seqs].sort((a, b) => a - b)
  }
}
