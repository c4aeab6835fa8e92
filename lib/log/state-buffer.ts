import type { State } from '../core/context.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import type { KeyValue, Write, Writes } from './port.ts'

/**
 * The state that one run or delivery sees: what is stored, under what it wrote itself. Nothing is stored before
 * somebody commits the writes.
 */
export class StateBuffer implements State {
  readonly #stored: Pick<KeyValue, 'get'>
  readonly #namespace: string
  readonly #written = new Map<string, JsonValue | undefined>()

  constructor(stored: Pick<KeyValue, 'get'>, namespace: string) {
    this.#stored = stored
    this.#namespace = namespace
  }

  async get<T>(key: string): Promise<T | undefined> {
    if (this.#written.has(key)) return this.#written.get(key) as T | undefined
    return (await this.#stored.get<T>(key))?.value
  }

  /** @throws TidingsError `TIDINGS_DATA_INVALID` when the value is not JSON */
  set(key: string, json: unknown): void {
    this.#written.set(key, toJson(json))
  }

  delete(key: string): void {
    this.#written.set(key, undefined)
  }

  /** What was written, to be stored in one step with what it belongs to. */
  writes(): Writes {
    return [...this.#written].map(
      ([key, value]): Write => ({ namespace: this.#namespace, key, ...(value === undefined ? {} : { value }) }),
    )
  }
}
