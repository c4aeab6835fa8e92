import { describe, TidingsError } from '../core/errors.ts'
import { type JsonValue, toJson } from '../core/json.ts'
import { keys } from './level-keys.ts'
import type { Life } from './level-life.ts'
import { type ClaimRecord, decode, encode } from './level-records.ts'
import { checkText } from './limits.ts'
import type { Claim } from './port.ts'

/** The names of jobs take as many bytes as event types. */
const MOST_BYTES = 256

/**
 * Who may run which slot of a job. A slot is completed at most once, even if the clock goes back.
 *
 * One process owns the store, so a claim of another holder is one of a process that has died: it is void.
 */
export class Claims {
  readonly #life: Life
  readonly #holder: string
  // Decided in memory first, so that two claims made in one go can't both win.
  readonly #records = new Map<string, ClaimRecord>()

  constructor(life: Life, holder: string) {
    this.#life = life
    this.#holder = holder
  }

  async claim(job: string, slot: Date, ttl: number): Promise<Claim | undefined> {
    const key = keys.claim(checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim'))
    const at = slot.getTime()
    if (Number.isNaN(at))
      throw new TidingsError('TIDINGS_LOG_INVALID', 'the slot of a claim must be a Date, got an invalid one')
    if (!(ttl > 0))
      throw new TidingsError('TIDINGS_LOG_INVALID', `the ttl of a claim must be a time in ms, got ${describe(ttl)}`)
    const record = this.#read(key)
    if (record.done !== undefined && at <= record.done) return undefined
    const held = record.running
    const taken = held !== undefined && held.holder === this.#holder && held.until > this.#life.clock.now()
    if (taken && held.slot >= at) return undefined
    const attempt = held?.slot === at ? held.attempt + 1 : 1
    const running = { slot: at, holder: this.#holder, until: this.#life.clock.now() + ttl, attempt }
    await this.#write(key, { ...record, running })
    return this.#claim(key, at, ttl, attempt)
  }

  #claim(key: string, slot: number, ttl: number, attempt: number): Claim {
    const mine = (): boolean => {
      const { running } = this.#read(key)
      return running?.holder === this.#holder && running.slot === slot && running.attempt === attempt
    }
    return {
      attempt,
      renew: async () => {
        if (!mine()) return false
        const until = this.#life.clock.now() + ttl
        await this.#write(key, { ...this.#read(key), running: { slot, holder: this.#holder, until, attempt } })
        return true
      },
      done: async (outcome) => {
        const record = this.#read(key)
        const kept: JsonValue = toJson(outcome ?? null)
        const done = Math.max(slot, record.done ?? slot)
        const next =
          mine() || record.running === undefined ? { done, outcome: kept } : { ...record, done, outcome: kept }
        await this.#write(key, next)
      },
    }
  }

  #read(key: string): ClaimRecord {
    return this.#records.get(key) ?? decode<ClaimRecord>(key, this.#life.session.db.getSync(key)) ?? {}
  }

  async #write(key: string, record: ClaimRecord): Promise<void> {
    this.#records.set(key, record)
    try {
      await this.#life.commit([[key, encode(key, record)]])
    } catch (error) {
      this.#records.delete(key)
      throw error
    }
  }
}
