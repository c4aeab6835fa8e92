import type { JsonValue } from '../core/json.ts'
import type { Entry, Writes } from '../log/port.ts'

/** State of a job that runs without a log; lost when the process exits. */
export class MemoryState {
  readonly #values = new Map<string, JsonValue>()

  async get<T = JsonValue>(key: string): Promise<Entry<T> | undefined> {
    return this.#values.has(key) ? { value: this.#values.get(key) as T, revision: 1 } : undefined
  }

  keep(writes: Writes): void {
    for (const { key, value } of writes) {
      if (value === undefined) this.#values.delete(key)
      else this.#values.set(key, value)
    }
  }
}
