import type { Clock } from '../../core/clock.ts'
import { type Database, type DatabaseSource, memoryDatabase } from '../../level/store/database.ts'
import { faultWords, type PendingFaults } from './faults.ts'
import type { Recorder } from './recorder.ts'

type Methods = Record<string | symbol, (...args: unknown[]) => unknown>

/** What the store of one life needs. */
export interface StoreHost {
  readonly clock: Clock
  readonly faults: PendingFaults
  readonly recorder: Recorder
  isAlive(): boolean
  /** Ends this life: the process dies. */
  die(): void
}

/** How long a write to a full disk takes to fail, in ms. */
const FAILING = 1000

/** The store between two openings. `failing`: pending while the first write fails, which later ones wait for. */
interface Opening {
  failing?: Promise<void>
}

const NEVER = new Promise<never>(() => undefined)

/**
 * The store of a simulated log: LevelDB in memory, which outlives the lives of the agent. Each life opens a view of its
 * own. Once a life has ended, nothing that it writes arrives, and no write of it settles: it may have been killed at any
 * instruction in between.
 */
export class MortalStore {
  readonly #source = memoryDatabase()
  readonly #id: string
  #fullUntil = Number.NEGATIVE_INFINITY

  /** `id`: of the log. */
  constructor(id: string) {
    this.#id = id
  }

  /** Loads the store: nothing in a simulation may wait for a file. */
  async load(): Promise<void> {
    await this.#source.open({ createIfMissing: true })
  }

  /** The store, as one life of the agent opens it. */
  of(host: StoreHost): DatabaseSource {
    return { id: this.#id, open: async (options) => this.#view(await this.#source.open(options), host) }
  }

  #view(db: Database, host: StoreHost): Database {
    const bound = new Map<string | symbol, unknown>()
    const life: Opening = {}
    const own: Partial<Record<string | symbol, unknown>> = {
      batch: (...args: unknown[]) =>
        this.#write((db.batch as (...args: unknown[]) => unknown)(...args) as Methods, life, host),
      // The next life opens it while this one is still being taken apart.
      close: async () => undefined,
    }
    return new Proxy(db, {
      get(target, name) {
        if (Object.hasOwn(own, name)) return own[name]
        const known = bound.get(name)
        if (known !== undefined) return known
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        const method: unknown = (member as () => unknown).bind(target)
        bound.set(name, method)
        return method
      },
    })
  }

  #write(batch: Methods, life: Opening, host: StoreHost): Methods {
    const { clock, faults, recorder } = host
    const write = batch['write']?.bind(batch) as () => Promise<void>
    const close = batch['close']?.bind(batch) as () => Promise<void>
    batch['write'] = async () => {
      if (!host.isAlive()) return NEVER
      let isLost = false
      for (const fault of faults.ofWrite()) {
        recorder.mark('fault', faultWords(fault))
        if (fault.fault === 'disk full') this.#fullUntil = clock.now() + fault.ms
        else {
          isLost = !fault.kept
          host.die()
        }
      }
      if (!host.isAlive()) {
        if (!isLost) void write()
        return NEVER
      }
      // After a failed write, LevelDB acknowledges what follows and throws it away.
      if (life.failing !== undefined) {
        await life.failing
        await new Promise((resolve) => setImmediate(resolve))
        return close()
      }
      if (clock.now() >= this.#fullUntil) return write()
      // It takes time, as on a disk: the log reopens the store at once, and may write again.
      life.failing = new Promise<void>((resolve) => void clock.timer(resolve, FAILING))
      await life.failing
      await close()
      throw new Error('no space left on device')
    }
    return batch
  }
}
