import type { Op } from './level-commit.ts'
import type { Life } from './level-life.ts'
import { decode } from './level-records.ts'
import type { States } from './level-states.ts'
import { checkWrite } from './limits.ts'
import type { Write, Writes } from './port.ts'

/**
 * What one consumer has to write: gathered until the next commit takes it, kept until that is durable, and said again
 * when it was not.
 */
export class Ledger {
  readonly #life: Life
  readonly #transient: boolean
  #changes = new Map<string, Op>()
  #writing = new Map<string, Op>()
  readonly #unwritten: Write[] = []

  /** `transient`: nothing is left behind but the state that handlers wrote. */
  constructor(life: Life, transient: boolean) {
    this.#life = life
    this.#transient = transient
  }

  /** A record of the consumer's own is to become this; without a value, it is to go. */
  change(key: string, value: string | undefined): void {
    if (!this.#transient) this.#changes.set(key, [key, value])
  }

  // While the store is closed after a failed write, nobody can say which revision a value will have.
  writeState(writes: Writes): void {
    if (writes.length === 0) return
    const checked = writes.map(checkWrite)
    if (!this.#life.ready) this.#unwritten.push(...checked)
    else for (const op of this.#life.session.states.write(checked)) this.#changes.set(op[0], op)
  }

  /** A record as it is to be, or is. */
  read<T>(key: string): T | undefined {
    const pending = this.#changes.get(key) ?? this.#writing.get(key)
    return decode<T>(key, pending === undefined ? this.#life.session.db.getSync(key) : pending[1])
  }

  /** Everything so far, for the commit that is being built. */
  collect(): readonly Op[] {
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
    this.writeState(this.#unwritten.splice(0))
  }
}
