/** Bits for each key: a full filter is wrong about one unknown key in a thousand. */
const BITS = 16

/** A block is one cache line: 512 bits in 16 words. A key sets 8 bits of one block. */
const WORDS = 16
const MARKS = 8

/** How much larger each further layer is. */
const GROWTH = 2

/** One filter of fixed size. */
export interface Layer {
  readonly words: Uint32Array
  /** How many keys fit. */
  readonly room: number
  /** How many keys were added. */
  keys: number
}

/**
 * A blocked Bloom filter of strings: a key was certainly never added, or may have been. It grows by layers, each twice
 * as large as the one before, so it has room for at most two or three times as many keys as were added.
 *
 * Source: Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters".
 */
export class BloomFilter {
  readonly #layers: Layer[]
  // The two hashes of the last key. Returning both in an object would cost more than computing them.
  #block = 0
  #marks = 0

  /** `from`: how many keys fit before it grows, or the layers of an earlier filter. */
  constructor(from: number | readonly Layer[]) {
    this.#layers = typeof from === 'number' ? [layer(from)] : [...from]
  }

  get layers(): readonly Layer[] {
    return this.#layers
  }

  /** The number of keys added. */
  get keys(): number {
    return this.#layers.reduce((sum, { keys }) => sum + keys, 0)
  }

  add(key: string): void {
    let last = this.#layers.at(-1) as Layer
    if (last.keys >= last.room) {
      last = layer(last.room * GROWTH)
      this.#layers.push(last)
    }
    this.#hash(key)
    last.keys += 1
    const { words } = last
    const block = this.#blockOf(words)
    for (let i = 0, marks = this.#marks; i < MARKS; i++, marks = next(marks)) {
      const at = block + (marks >>> 28)
      words[at] = (words[at] as number) | (1 << (marks >>> 23))
    }
  }

  /** False: the key was never added. */
  mayHave(key: string): boolean {
    this.#hash(key)
    for (let i = this.#layers.length - 1; i >= 0; i--) if (this.#isIn((this.#layers[i] as Layer).words)) return true
    return false
  }

  #isIn(words: Uint32Array): boolean {
    const block = this.#blockOf(words)
    for (let i = 0, marks = this.#marks; i < MARKS; i++, marks = next(marks)) {
      if (((words[block + (marks >>> 28)] as number) & (1 << (marks >>> 23))) === 0) return false
    }
    return true
  }

  #blockOf({ length }: Uint32Array): number {
    return Math.floor((this.#block / 2 ** 32) * (length / WORDS)) * WORDS
  }

  // Two hashes in one pass (FNV-1a, and another that multiplies), each mixed at the end as MurmurHash3 does.
  #hash(key: string): void {
    let a = 0x811c9dc5
    let b = 0x9747b28c
    for (let i = 0; i < key.length; i++) {
      const c = key.charCodeAt(i)
      a = Math.imul(a ^ c, 0x01000193)
      b = Math.imul(b + c, 0x5bd1e995)
      b ^= b >>> 15
    }
    this.#block = mix(a) >>> 0
    this.#marks = mix(b) >>> 0
  }
}

// The highest nine bits place a mark: four select the word, five its bit.
function next(marks: number): number {
  return (Math.imul(marks, 0x9e3779b1) + 0x7f4a7c15) >>> 0
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function layer(room: number): Layer {
  const blocks = Math.max(1, Math.ceil((room * BITS) / (WORDS * 32)))
  return { words: new Uint32Array(blocks * WORDS), room, keys: 0 }
}
