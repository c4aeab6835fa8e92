import type { Clock } from '../../lib/core/clock.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type ReopeningStoreOptions } from '../../lib/level/session/reopening-store.ts'
import { type Database, type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'
import { levelLog } from '../support/level-log.ts'
import { until } from '../support/until.ts'

const READS = ['get', 'getSync', 'getMany', 'iterator', 'keys'] as const

/** What a write does: succeed, fail without storing, or store and fail nevertheless. */
export type Fate = 'write' | 'lose' | 'keep'

/**
 * A store whose writes can be made to wait and to fail. After a failed write it behaves as LevelDB does on a full disk:
 * until it is closed, it acknowledges every write and throws it away.
 */
export class FaultySource implements DatabaseSource {
  /** The number of writes that began, ended, and were synced. */
  begun = 0
  writes = 0
  synced = 0
  /** Decides about each write that `next` does not decide about, in its own time. */
  decide: () => Promise<Fate> = () => Promise.resolve('write')
  /** The number of reads and writes. */
  operations = 0
  #failAt = 0
  /** The number of openings. */
  opened = 0
  /** The number of openings that will fail. */
  failingOpens = 0
  readonly #source: DatabaseSource
  readonly #fates: Fate[] = []
  #held: Promise<void> | undefined
  #release: () => void = () => undefined

  constructor(source: DatabaseSource = memoryDatabase()) {
    this.#source = source
  }

  /** Fails the nth operation from now, once: a read, the start of an iteration, or a write, which is lost. 0: none. */
  failAt(n: number): void {
    this.#failAt = n === 0 ? 0 : this.operations + n
  }

  #operate(): void {
    this.operations += 1
    if (this.operations === this.#failAt) throw new Error('input/output error')
  }

  /** Decides about the next writes, in order. */
  next(...fates: Fate[]): void {
    this.#fates.push(...fates)
  }

  /** The number of writes that wait for `release`. */
  waiting = 0

  /** Lets writes begin, and not end before `release`. */
  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve))
  }

  release(): void {
    this.#held = undefined
    this.#release()
  }

  /** Opens the records as they are now, also while the store is open. */
  stored(): Promise<Database> {
    return this.#source.open({ createIfMissing: false })
  }

  async open(options: { readonly createIfMissing: boolean }): Promise<Database> {
    this.opened += 1
    if (this.failingOpens > 0) {
      this.failingOpens -= 1
      throw new Error('no space left on device')
    }
    const db = await this.#source.open(options)
    // A store in memory is reused: removes the methods that the last opening replaced.
    for (const name of ['batch', ...READS]) Reflect.deleteProperty(db, name)
    for (const name of READS) {
      const read = (db[name] as (...args: unknown[]) => unknown).bind(db)
      const counted = (...args: unknown[]): unknown => {
        this.#operate()
        return read(...args)
      }
      Object.defineProperty(db, name, { value: counted, configurable: true })
    }
    let broken = false
    const begin = db.batch.bind(db) as unknown as () => ReturnType<Database['batch']>
    const batch = (): ReturnType<Database['batch']> => {
      const chained = begin()
      const write = chained.write.bind(chained)
      chained.write = async (how: { sync?: boolean } = {}) => {
        this.begun += 1
        let fate = this.#fates.shift() ?? (await this.decide())
        try {
          this.#operate()
        } catch {
          fate = 'lose'
        }
        this.waiting += 1
        await this.#held
        this.waiting -= 1
        this.writes += 1
        if (how.sync === true) this.synced += 1
        if (broken) return chained.close()
        if (fate === 'lose') await chained.close()
        else await write(how)
        if (fate === 'write') return
        broken = true
        throw new Error('no space left on device')
      }
      return chained
    }
    Object.defineProperty(db, 'batch', { value: batch, configurable: true })
    return db
  }
}

export interface FaultyOptions extends Partial<Pick<ReopeningStoreOptions, 'durability' | 'marks' | 'identity'>> {
  readonly source: FaultySource
  readonly clock: Clock
}

/** Makes a log on such a store; `said` are its warnings. */
export async function faultyLog({ source, clock, ...rest }: FaultyOptions): Promise<{ log: LevelLog; said: string[] }> {
  const said: string[] = []
  const log = await levelLog({ source, clock, warn: (message) => said.push(message), ...rest })
  return { log, said }
}

/** Resolves when the log has recovered from a failed write. */
export function recovered(log: LevelLog): Promise<unknown> {
  return until(() => log.state === 'ready', 'a log that is ready')
}

/** Resolves when this write has begun, counted from 1. */
export function writeBegun(source: FaultySource, nth: number): Promise<unknown> {
  return until(() => source.begun >= nth, `write ${nth}`)
}

/** So many turns of the event loop: what is under way in memory gets done. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
