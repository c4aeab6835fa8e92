import type { Clock } from '../../lib/core/clock.ts'
import { defaultLimits } from '../../lib/core/limits.ts'
import { createLevelLog } from '../../lib/level/create-level-log.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { ReopeningStore } from '../../lib/level/session/reopening-store.ts'
import { type Database, type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'
import { openStore } from './level-log.ts'

/**
 * The operations that can fail: opening the store, a single read, a page of an iteration, a write that stores nothing, a
 * write that stores its data all the same, and the access to the session with which all of these begin.
 */
export const OPERATIONS = ['open', 'read', 'iterate', 'write', 'write kept', 'session'] as const
export type Operation = (typeof OPERATIONS)[number]

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * A store in memory with one failing operation. After a failed write it behaves like LevelDB on a full disk: until it is
 * closed, it acknowledges every write and drops it.
 */
export class FailingStore implements DatabaseSource {
  /** Number of calls of each operation. */
  readonly done: Record<Operation, number> = { open: 0, read: 0, iterate: 0, write: 0, 'write kept': 0, session: 0 }
  /** Number of failures. */
  failed = 0
  /** Turns failures off. */
  calm = false
  readonly #store = memoryDatabase()
  readonly #fails: (operation: Operation, nth: number) => boolean
  readonly #wrapped = new WeakSet<object>()
  #broken = false

  /** `fails`: whether the nth operation of a kind (from 1) fails. */
  constructor(fails: (operation: Operation, nth: number) => boolean) {
    this.#fails = fails
  }

  async open(options: { readonly createIfMissing: boolean }): Promise<Database> {
    this.#count('open')
    const db = await this.#store.open(options)
    this.#broken = false
    // In memory, reopening yields the same store.
    if (!this.#wrapped.has(db)) this.#wrap(db)
    this.#wrapped.add(db)
    return db
  }

  /** Lets access to the session fail too. */
  watch(life: ReopeningStore): void {
    const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(life), 'session') as { get(): unknown }
    Object.defineProperty(life, 'session', {
      get: () => {
        this.#count('session')
        return get.call(life)
      },
    })
  }

  #count(operation: Operation): void {
    if (this.calm || !this.#fails(operation, ++this.done[operation])) return
    this.failed += 1
    throw Object.assign(new Error(`IO error: made up, ${operation} ${this.done[operation]}`), {
      code: 'LEVEL_IO_ERROR',
    })
  }

  #wrap(db: Database): void {
    const methods = db as unknown as Methods
    for (const name of ['get', 'getMany']) this.#before(methods, name, 'read', true)
    this.#before(methods, 'getSync', 'read', false)
    for (const name of ['iterator', 'keys']) {
      const begin = methods[name]?.bind(db) as () => Methods
      methods[name] = (...args) => {
        const iterator = begin(...(args as []))
        for (const step of ['next', 'nextv', 'all']) this.#before(iterator, step, 'iterate', true)
        return iterator
      }
    }
    const batch = methods['batch']?.bind(db) as () => Methods
    methods['batch'] = (...args) => this.#write(batch(...(args as [])))
  }

  #before(on: Methods, name: string, operation: Operation, isAsync: boolean): void {
    const real = on[name]?.bind(on) as Methods[string]
    on[name] = (...args) => {
      try {
        this.#count(operation)
      } catch (error) {
        if (isAsync) return Promise.reject(error)
        throw error
      }
      return real(...args)
    }
  }

  #write(batch: Methods): Methods {
    const [write, close] = [batch['write'], batch['close']].map((method) => method?.bind(batch)) as [
      Methods[string],
      Methods[string],
    ]
    batch['write'] = async (...args) => {
      if (this.#broken) {
        await close()
        return
      }
      try {
        this.#count('write')
      } catch (error) {
        this.#broken = true
        await close()
        throw error
      }
      await write(...args)
      try {
        this.#count('write kept')
      } catch (error) {
        this.#broken = true
        throw error
      }
    }
    return batch
  }
}

/** A log on a store whose operations fail. `sessions`: whether access to the session counts, and can fail. */
export async function failingLog(
  store: FailingStore,
  { clock, warn, sessions = false }: { clock: Clock; warn(message: string): void; sessions?: boolean },
): Promise<LevelLog> {
  const opened = await openStore({ source: store, clock, warn })
  if (sessions) store.watch(opened)
  return createLevelLog(opened, defaultLimits)
}
