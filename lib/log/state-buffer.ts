import type { State } from '../core/context.ts'
import { defined } from '../core/defined.ts'
import { TidingsError } from '../core/errors.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import { checkText } from '../core/limits.ts'
import type { KeyValue, Write, Writes } from './port.ts'

/** The byte limit for keys, the same as for identifiers. */
const MOST_BYTES = 1024

const NONE: Writes = []

/**
 * The state that one run or delivery sees: its own writes on top of the stored state. Nothing is stored before the
 * writes are committed.
 */
export class StateBuffer implements State {
  readonly #stored: Pick<KeyValue, 'get'>
  readonly #namespace: string
  // Created with the first write: most deliveries have none.
  #written: Map<string, JsonValue | undefined> | undefined

  readonly #commit: ((writes: Writes) => Promise<void>) | undefined

  /** `commit` stores writes for `save()`; without it, `save()` throws. */
  constructor(stored: Pick<KeyValue, 'get'>, namespace: string, commit?: (writes: Writes) => Promise<void>) {
    this.#stored = stored
    this.#namespace = namespace
    this.#commit = commit
  }

  async get<T>(key: string, fallback?: T): Promise<T> {
    const value = this.#written?.has(key) ? this.#written.get(key) : (await this.#stored.get(key))?.value
    return (value === undefined ? fallback : value) as T
  }

  /** @throws TidingsError `TIDINGS_DATA_INVALID` for non-JSON, `TIDINGS_LOG_INVALID` for an invalid key */
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
      // A key that was set again in the meantime is not stored yet.
      for (const [key, value] of saved) if (this.#written?.get(key) === value) this.#written?.delete(key)
    })
  }

  /** Returns the unsaved writes, to be stored in one commit with what they belong to. */
  writes(): Writes {
    if (this.#written === undefined) return NONE
    return [...this.#written].map(([key, value]): Write => ({ namespace: this.#namespace, key, ...defined({ value }) }))
  }

  #write(key: string, value: JsonValue | undefined): void {
    this.#written ??= new Map()
    this.#written.set(key, value)
  }
}

// Rejects a bad key at the write: at the commit, it would make the rest of the commit fail too.
function checked(key: string): string {
  return checkText(key, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'a key of the state')
}
