import type { Op } from './level-commit.ts'
import type { Life } from './level-life.ts'
import { decode } from './level-records.ts'
import type { States } from './level-states.ts'
import type { Write, Writes } from './port.ts'

/**
 * What one consumer has to write: gathered until the next commit takes it, kept until that is durable, and written again
 * when it was not. Only one consumer of a name has a ledger that is open: what another one says is not written.
 */
export class Ledger {
  readonly #life: Life
  readonly #transient: boolean
  #changes = new Map<string, Op>()
  #writing = new Map<string, Op>()
  // State without a revision yet: the store could not be asked for the last one.
  readonly #unwritten: Write[] = []
  #closed = false

  /** `transient`: nothing is left behind but the state that handlers wrote. */
  constructor(life: Life, transient: boolean) {
    this.#life = life
    this.#transient = transient
  }

  /** Another consumer has taken this one's place: nothing more is written. */
  close(): void {
    this.#closed = true
    this.#changes.clear()
    this.#writing.clear()
    this.#unwritten.length = 0
  }

  /** A record of the consumer's own is to become this; without a value, it is to go. */
  change(key: string, value: string | undefined): void {
    if (!this.#transient && !this.#closed) this.#changes.set(key, [key, value])
  }

  /** Takes state that was checked. It is written in the commit that takes the changes said after it, never later. */
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

  // In one go: if a revision can't be read, none of these writes is taken.
  #revise(states: States): void {
    if (this.#unwritten.length === 0) return
    for (const op of states.write(this.#unwritten)) this.#changes.set(op[0], op)
    this.#unwritten.length = 0
  }

  /** A record as it is to be, or is. */
  read<T>(key: string): T | undefined {
    const pending = this.#changes.get(key) ?? this.#writing.get(key)
    return decode<T>(key, pending === undefined ? this.#life.session.db.getSync(key) : pending[1])
  }

  /** Everything so far, for the commit that is being built. */
  collect(): readonly Op[] {
    if (this.#unwritten.length > 0) this.#revise((this.#life.writable ?? this.#life.session).states)
    this.#writing = this.#changes
    this.#changes = new Map()
    return [...this.#writing.values()]
  }

  /** That commit is durable, or it failed: then what it carried is written again, under what was said since. */
  settled(durable: boolean): void {
    const written = this.#writing
    this.#writing = new Map()
    if (!durable) this.#changes = new Map([...written, ...this.#changes])
  }

  /** The store was opened again: state gets its place among what others write now. */
  reopened(states: States): void {
    for (const [key, value, order] of this.#changes.values()) {
      if (order !== undefined) this.#changes.set(key, states.put(key, value))
    }
    this.#revise(states)
  }
}
