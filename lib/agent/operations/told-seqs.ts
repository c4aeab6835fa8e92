import type { KeyValue, Writes } from '../../log/port.ts'

/** How many seqs one value has a bit for. */
const BLOCK = 1024

/** The seqs that replays have told to one listener: in the log, a bit each. */
export class ToldSeqs {
  readonly #namespace: string
  readonly #stored: KeyValue
  // The block that was read last: seqs come in order.
  #block: { readonly key: string; readonly bits: Uint8Array } | undefined

  constructor(namespace: string, stored: KeyValue) {
    this.#namespace = namespace
    this.#stored = stored
  }

  async has(seq: number): Promise<boolean> {
    const { bits } = await this.#blockOf(seq)
    const bit = seq % BLOCK
    return ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  }

  /** The writes that add these seqs. */
  async adding(seqs: readonly number[]): Promise<Writes> {
    const blocks = new Map<string, Uint8Array>()
    for (const seq of seqs) {
      const { key, bits } = await this.#blockOf(seq)
      const copy = blocks.get(key) ?? bits.slice()
      const bit = seq % BLOCK
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) | (1 << (bit & 7))
      blocks.set(key, copy)
    }
    return [...blocks].map(([key, bits]) => ({
      namespace: this.#namespace,
      key,
      value: Buffer.from(bits).toString('base64'),
    }))
  }

  async #blockOf(seq: number): Promise<{ readonly key: string; readonly bits: Uint8Array }> {
    const key = String(Math.floor(seq / BLOCK)).padStart(13, '0')
    if (this.#block?.key === key) return this.#block
    const text = (await this.#stored.get<string>(key))?.value
    const bits = text === undefined ? new Uint8Array(BLOCK / 8) : new Uint8Array(Buffer.from(text, 'base64'))
    this.#block = { key, bits }
    return this.#block
  }
}
