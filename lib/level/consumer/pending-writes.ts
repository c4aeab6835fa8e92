import type { Write, Writes } from '../../log/port.ts'
import { decode } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Op } from '../write/commit.ts'
import type { States } from '../write/states.ts'

/**
 * The pending writes of one consumer: gathered until the next commit takes them, kept until that is durable, and
 * written again if it fails. Only one consumer of a name has an open ledger; a closed one drops all writes.
 */
export class PendingWrites {
  readonly #life: ReopeningStore
  readonly #transient: boolean
  #changes = new Map<string, Op>()
  #writing = new Map<string, Op>()
  // State without a revision yet: the last one could not be read from the store.
  readonly #unwritten: Write[] = []
  #closed = false

  /** `transient`: stores nothing except the state that handlers wrote. */
  constructor(life: ReopeningStore, transient: boolean) {
    this.#life = life
    this.#transient = transient
  }

  /** Another consumer has replaced this one: writes nothing more. */
  close(): void {
    this.#closed = true
    this.#changes.clear()
    this.#writing.clear()
    this.#unwritten.length = 0
  }

  /** Sets a record of the consumer; without a value, removes it. */
  change(key: string, value: string | undefined): void {
    if (!this.#transient && !this.#closed) this.#changes.set(key, [key, value])
  }

  /** Takes validated state. The commit that takes later changes writes it too, never a later commit. */
  writeState(writes: Writes): void {
    if (writes.length === 0 || this.#closed) return
    this.#unwritten.push(...writes)
    const session = this.#life.writable
    if (session === undefined) return
    try {
      this.#revise(session.states)
    } catch {
      // The store can't be read. `collect` tries again: if that fails too, so does the commit, with its cursor.
    }
  }

  // All or nothing: if a revision can't be read, none of these writes is taken.
  #revise(states: States): void {
    if (this.#unwritten.length === 0) return
    for (const op of states.write(this.#unwritten)) this.#changes.set(op[0], op)
    this.#unwritten.length = 0
  }

  /** Returns a record as pending, or else as stored. */
  read<T>(key: string): T | undefined {
    const pending = this.#changes.get(key) ?? this.#writing.get(key)
    return decode<T>(key, pending === undefined ? this.#life.session.db.getSync(key) : pending[1])
  }

  /** Returns all pending writes, for the commit that is being built. */
  collect(): readonly Op[] {
    if (this.#unwritten.length > 0) this.#revise((this.#life.writable ?? this.#life.session).states)
    this.#writing = this.#changes
    this.#changes = new Map()
    return [...this.#writing.values()]
  }

  /** That commit is durable or has failed. After a failure its writes are pending again, under later changes. */
  settled(durable: boolean): void {
    const written = this.#writing
    this.#writing = new Map()
    if (!durable) this.#changes = new Map([...written, ...this.#changes])
  }

  /** The store was reopened: state gets a new place in the order of writes. */
  reopened(states: States): void {
    for (const [key, value, order] of this.#changes.values()) {
      if (order !== undefined) this.#changes.set(key, states.put(key, value))
    }
    this.#revise(states)
  }
}
