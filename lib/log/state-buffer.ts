import type { State } from '../core/context.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import { checkText } from './limits.ts'
import type { KeyValue, Write, Writes } from './port.ts'

/** The bytes of a key, as of an identifier. */
const MOST_BYTES = 1024

const NONE: Writes = []

/**
 * The state that one run or delivery sees: what is stored, under what it wrote itself. Nothing is stored before
 * somebody commits the writes.
 */
export class StateBuffer implements State {
  readonly #stored: Pick<KeyValue, 'get'>
  readonly #namespace: string
  // Made with the first write: most deliveries have none.
  #written: Map<string, JsonValue | undefined> | undefined

  constructor(stored: Pick<KeyValue, 'get'>, namespace: string) {
    this.#stored = stored
    this.#namespace = namespace
  }

  async get<T>(key: string): Promise<T | undefined> {
    if (this.#written?.has(key)) return this.#written.get(key) as T | undefined
    return (await this.#stored.get<T>(key))?.value
  }

  /** @throws TidingsError `TIDINGS_DATA_INVALID` when the value is not JSON, `TIDINGS_LOG_INVALID` for what is no key */
  set(key: string, json: unknown): void {
    this.#write(checked(key), toJson(json))
  }

  delete(key: string): void {
    this.#write(checked(key), undefined)
  }

  /** What was written, to be stored in one step with what it belongs to. */
  writes(): Writes {
    if (this.#written === undefined) return NONE
    return [...this.#written].map(
      ([key, value]): Write => ({ namespace: this.#namespace, key, ...(value === undefined ? {} : { value }) }),
    )
  }

  #write(key: string, value: JsonValue | undefined): void {
    this.#written ??= new Map()
    this.#written.set(key, value)
  }
}

// Refused by whoever writes it: later, what it is to be stored with would be refused too.
function checked(key: string): string {
  return checkText(key, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'a key of the state')
}
