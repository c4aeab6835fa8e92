import type { State } from '../core/context.ts'
import { TidingsError } from '../core/errors.ts'
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

  readonly #commit: ((writes: Writes) => Promise<void>) | undefined

  /** `commit` stores writes for `save()`; without it, there is no saving before the end. */
  constructor(stored: Pick<KeyValue, 'get'>, namespace: string, commit?: (writes: Writes) => Promise<void>) {
    this.#stored = stored
    this.#namespace = namespace
    this.#commit = commit
  }

  async get<T>(key: string, fallback?: T): Promise<T> {
    const value = this.#written?.has(key) ? this.#written.get(key) : (await this.#stored.get(key))?.value
    return (value === undefined ? fallback : value) as T
  }

  /** @throws TidingsError `TIDINGS_DATA_INVALID` when the value is not JSON, `TIDINGS_LOG_INVALID` for what is no key */
  set(key: string, json: unknown): void {
    this.#write(checked(key), toJson(json))
  }

  delete(key: string): void {
    this.#write(checked(key), undefined)
  }

  save(): Promise<void> {
    if (this.#commit === undefined) {
      throw new TidingsError(
        'TIDINGS_LISTENER_INVALID',
        'state.save() is for jobs: the state of a delivery is stored with its ack, and only then',
      )
    }
    const saved = new Map(this.#written)
    return this.#commit(this.writes()).then(() => {
      // What was set again meanwhile is not stored yet.
      for (const [key, value] of saved) if (this.#written?.get(key) === value) this.#written?.delete(key)
    })
  }

  /** What was written and not saved, to be stored in one step with what it belongs to. */
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
