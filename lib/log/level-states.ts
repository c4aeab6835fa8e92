import { quote } from '../core/errors.ts'
import type { Database } from './level-database.ts'
import { keys } from './level-keys.ts'
import { decode, encode, type StateRecord } from './level-records.ts'
import type { Op } from './level-writer.ts'
import { checkText } from './limits.ts'
import type { Write, Writes } from './port.ts'

/** A key or namespace takes as many bytes as an identifier. */
const MOST_BYTES = 1024

/**
 * State: small values by namespace and key. What is not durable yet is kept here beside the store, so that everybody
 * reads what was written last.
 */
export class States {
  readonly #db: Database
  readonly #pending = new Map<string, string | undefined>()

  constructor(db: Database) {
    this.#db = db
  }

  read(key: string): StateRecord | undefined {
    const text = this.#pending.has(key) ? this.#pending.get(key) : this.#db.getSync(key)
    return decode<StateRecord>(key, text)
  }

  /** The operations that store these writes, with their next revisions. */
  write(writes: Writes): Op[] {
    return writes.map((write) => this.put(toOp(write, this.read(stateKey(write))?.revision ?? 0)))
  }

  /** What this operation stores is read from now on. */
  put(op: Op): Op {
    this.#pending.set(op[0], op[1])
    return op
  }

  /** These operations are durable: the store has what they wrote. */
  settle(ops: readonly Op[]): void {
    if (this.#pending.size === 0) return
    for (const [key, value] of ops) {
      if (key[0] === 's' && this.#pending.get(key) === value) this.#pending.delete(key)
    }
  }
}

function toOp(write: Write, revision: number): Op {
  const key = stateKey(write)
  if (write.value === undefined) return [key, undefined]
  return [key, encode<StateRecord>(key, { value: write.value, revision: revision + 1 })]
}

/** Where a value is kept. */
export function stateKey({ namespace, key }: Pick<Write, 'namespace' | 'key'>): string {
  checkText(namespace, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'a namespace')
  checkText(key, MOST_BYTES, 'TIDINGS_LOG_INVALID', `a key in ${quote(namespace)}`)
  return keys.state(namespace, key)
}
