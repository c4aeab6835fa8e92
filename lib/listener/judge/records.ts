import type { JsonValue } from '../../core/json.ts'

/** Where a memory is stored: the part of the log's `KeyValue` that is read here. */
export interface StoredMemory {
  get(key: string): Promise<{ readonly value: JsonValue } | undefined>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly value: JsonValue }>
}

/** One value to store; undefined removes it. */
export type MemoryWrite = readonly [key: string, value: JsonValue | undefined]

/** How many values are held in memory when nothing is to be written: the ones that were used last. */
const MOST = 10_000

/** The values of one memory: what is to be stored, on top of what was read, on top of the store. */
export class Records {
  readonly #stored: StoredMemory
  readonly #pending = new Map<string, JsonValue | undefined>()
  readonly #read = new Map<string, JsonValue | undefined>()

  constructor(stored: StoredMemory) {
    this.#stored = stored
  }

  /** A value that is at hand, which may be undefined; undefined if it has to be loaded first. */
  peek(key: string): { readonly value: JsonValue | undefined } | undefined {
    if (this.#pending.has(key)) return { value: this.#pending.get(key) }
    return this.#read.has(key) ? { value: this.#read.get(key) } : undefined
  }

  /** Resolves to a value, which is then at hand until the next `take`. */
  async load(key: string): Promise<JsonValue | undefined> {
    const found = this.peek(key)
    if (found === undefined) this.#read.set(key, (await this.#stored.get(key))?.value)
    return found === undefined ? this.#read.get(key) : found.value
  }

  /** Iterates over the values whose keys begin with `prefix`, those that are to be stored included. */
  async *list(prefix: string): AsyncGenerator<{ readonly key: string; readonly value: JsonValue }> {
    for await (const each of this.#stored.list(prefix)) if (!this.#pending.has(each.key)) yield each
    for (const [key, value] of this.#pending) if (key.startsWith(prefix) && value !== undefined) yield { key, value }
  }

  set(key: string, value: JsonValue | undefined): void {
    this.#pending.set(key, value)
  }

  /** Returns what is to be stored, and forgets what has not been used for long. */
  take(): readonly MemoryWrite[] {
    const writes = [...this.#pending]
    this.#pending.clear()
    for (const [key, value] of writes) {
      this.#read.delete(key)
      this.#read.set(key, value)
    }
    for (const key of this.#read.keys()) {
      if (this.#read.size <= MOST) break
      this.#read.delete(key)
    }
    return writes
  }
}
