import type { JsonValue } from '../core/json.ts'

/** A value and its revision: the number of times it was set. */
export interface Entry<T = JsonValue> {
  /** The stored JSON. */
  readonly value: T
  /** How often the key was set; 1 after the first time. */
  readonly revision: number
}

/** Small values by key. The revision lets a writer detect a concurrent change. */
export interface KeyValue {
  /** Resolves to undefined when the key does not exist. */
  get<T = JsonValue>(key: string): Promise<Entry<T> | undefined>
  /**
   * Stores JSON and resolves to the new revision.
   *
   * @throws TidingsError `TIDINGS_STATE_CONFLICT` when `if` is not the present revision (0: the key does not exist)
   */
  set(
    key: string,
    value: unknown,
    options?: {
      /** Sets the key only at this revision; default at any. */
      readonly if?: number
    },
  ): Promise<number>
  /** Resolves to false when the key does not exist. */
  delete(key: string): Promise<boolean>
  /** Iterates over the entries whose keys begin with `prefix`, in order of their keys; default all. */
  list<T = JsonValue>(
    prefix?: string,
  ): AsyncIterable<
    Entry<T> & {
      /** The key of the entry. */
      readonly key: string
    }
  >
}
