import { checkStateKey } from '../../log/check-draft.ts'
import type { Write, Writes } from '../../log/port.ts'
import { keys } from '../format/keys.ts'
import { decode, encode, type StateRecord } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { Op } from './commit.ts'

/**
 * State: small values by namespace and key. Writes that are not durable yet are kept here beside the store, so that every
 * read returns the newest value.
 */
export class States {
  readonly #db: Database
  readonly #pending = new Map<string, Op>()
  #given = 0

  constructor(db: Database) {
    this.#db = db
  }

  read(key: string): StateRecord | undefined {
    const pending = this.#pending.get(key)
    return decode<StateRecord>(key, pending === undefined ? this.#db.getSync(key) : pending[1])
  }

  /** Returns the operations that store these writes with their next revisions. Reads return them from now on. */
  write(writes: Writes): Op[] {
    const texts = new Map<string, string | undefined>()
    for (const { namespace, key, value } of writes) {
      const at = stateKey({ namespace, key })
      const before = texts.has(at) ? decode<StateRecord>(at, texts.get(at)) : this.read(at)
      const revision = (before?.revision ?? 0) + 1
      texts.set(at, value === undefined ? undefined : encode<StateRecord>(at, { value, revision }))
    }
    // Only now: an invalid write leaves no trace of the writes before it.
    return [...texts].map(([key, text]) => this.put(key, text))
  }

  /** Returns the operation that stores this text. Reads return it from now on. */
  put(key: string, text: string | undefined): Op {
    this.#given += 1
    const op: Op = [key, text, this.#given]
    this.#pending.set(key, op)
    return op
  }

  /** These operations are durable, so the store has their values. */
  settle(ops: readonly Op[]): void {
    if (this.#pending.size === 0) return
    for (const op of ops) if (this.#pending.get(op[0]) === op) this.#pending.delete(op[0])
  }
}

/**
 * Returns the key of a value.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function stateKey({ namespace, key }: Pick<Write, 'namespace' | 'key'>): string {
  checkStateKey({ namespace, key })
  return keys.state(namespace, key)
}
