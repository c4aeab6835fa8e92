import { type Database, type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'

/**
 * A store in memory that outlives its process: after `crash` it ignores those who had it open, and does not answer their
 * writes.
 */
export class MortalSource implements DatabaseSource {
  readonly #source: DatabaseSource
  #lives = 0

  /** `source`: the store itself, which may have faults of its own. */
  constructor(source: DatabaseSource = memoryDatabase()) {
    this.#source = source
  }

  crash(): void {
    this.#lives += 1
  }

  async open(options: { readonly createIfMissing: boolean }): Promise<Database> {
    const db = await this.#source.open(options)
    const life = this.#lives
    return new Proxy(db, {
      get: (target, name) => {
        if (name === 'batch' && life !== this.#lives) return () => new DeadBatch()
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member as () => unknown).bind(target) : member
      },
    })
  }
}

class DeadBatch {
  put(): this {
    return this
  }
  del(): this {
    return this
  }
  write(): Promise<never> {
    return new Promise(() => undefined)
  }
}
