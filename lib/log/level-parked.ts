import { keys } from './level-keys.ts'
import type { Ledger } from './level-ledger.ts'
import { encode, type ParkedRecord } from './level-records.ts'

/** The events of one consumer that were set aside. In memory are only their seqs. */
export class ParkedEvents {
  readonly #name: string
  readonly #ledger: Ledger
  readonly #seqs: Set<number>

  constructor(name: string, ledger: Ledger, seqs: readonly number[]) {
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

  /** Takes one out, with what was known of it; undefined when it is not parked. */
  take(seq: number): ParkedRecord | undefined {
    if (!this.#seqs.has(seq)) return undefined
    // Read first: should that fail, it stays parked.
    const record = this.read(seq)
    this.remove(seq)
    return record
  }

  /** Takes one out without looking at it. False: it is not parked. */
  remove(seq: number): boolean {
    if (!this.#seqs.delete(seq)) return false
    this.#ledger.change(keys.parked(this.#name, seq), undefined)
    return true
  }

  read(seq: number): ParkedRecord | undefined {
    return this.#ledger.read<ParkedRecord>(keys.parked(this.#name, seq))
  }

  /** The seqs of all that are parked, lowest first. */
  seqs(): readonly number[] {
    return [...this.#seqs].sort((a, b) => a - b)
  }
}
