import type { JsonValue } from '../../core/json.ts'
import { CELLS, verdictKey } from '../../listener/judge/kept.ts'
import type { MemoryWrite, StoredMemory } from '../../listener/judge/records.ts'

/** What the filters of one listener remember, for as long as they are looked at: nothing is stored. */
export class MemoryInRam implements StoredMemory {
  // By the first step of the key, so that `list` does not walk through all verdicts.
  readonly #values = new Map<string, Map<string, JsonValue>>()

  async get(key: string): Promise<{ readonly value: JsonValue } | undefined> {
    const value = this.peek(key)
    return value === undefined ? undefined : { value }
  }

  async *list(prefix: string): AsyncGenerator<{ readonly key: string; readonly value: JsonValue }> {
    for (const [key, value] of this.#of(prefix)) if (key.startsWith(prefix)) yield { key, value }
  }

  peek(key: string): JsonValue | undefined {
    return this.#of(key).get(key)
  }

  write(writes: readonly MemoryWrite[]): void {
    for (const [key, value] of writes) {
      if (value === undefined) this.#of(key).delete(key)
      else this.#of(key).set(key, value)
    }
  }

  /** Forgets the verdict on an event that is not judged again. */
  forgetVerdict(seq: number): void {
    this.#of('verdict/').delete(verdictKey(seq))
  }

  /** What the filters remember now, by key. */
  cells(): ReadonlyMap<string, JsonValue> {
    return new Map(this.#of(CELLS))
  }

  #of(key: string): Map<string, JsonValue> {
    const group = key.slice(0, key.indexOf('/') + 1)
    const known = this.#values.get(group) ?? new Map<string, JsonValue>()
    this.#values.set(group, known)
    return known
  }
}
