import { describe, TidingsError } from '../core/errors.ts'
import { toJson } from '../core/json.ts'
import type { Claim, RunRecord } from './claim.ts'
import type { Op } from './level-commit.ts'
import { keys } from './level-keys.ts'
import type { Life } from './level-life.ts'
import { type ClaimRecord, decode, encode } from './level-records.ts'
import { Runs, type RunsAsked } from './level-runs.ts'
import { checkText } from './limits.ts'

/** The names of jobs take as many bytes as event types. */
const MOST_BYTES = 256

/** A slot that was given out, and the newest attempt at it. */
interface Given {
  readonly job: string
  readonly slot: number
  readonly ttl: number
  attempt: number
}

/**
 * Who may run which slot of a job, and what became of it. A slot is completed at most once, even if the clock goes back.
 *
 * One process owns the store, so a claim of another holder is one of a process that has died: it is void.
 */
export class Claims {
  readonly #runs: Runs
  readonly #life: Life
  readonly #holder: string
  // Decided in memory first, so that two claims made in one go can't both win.
  readonly #records = new Map<string, ClaimRecord>()

  constructor(life: Life, holder: string) {
    this.#life = life
    this.#holder = holder
    this.#runs = new Runs(life)
  }

  async claim(job: string, slot: Date, ttl: number): Promise<Claim | undefined> {
    const at = checkSlot(job, slot)
    if (!(ttl > 0))
      throw new TidingsError('TIDINGS_LOG_INVALID', `the ttl of a claim must be a time in ms, got ${describe(ttl)}`)
    await this.#runs.ready(job)
    const record = this.#read(job)
    if (record.done !== undefined && at <= record.done) return undefined
    const held = record.running
    const taken = held !== undefined && held.holder === this.#holder && held.until > this.#life.clock.now()
    if (taken && held.slot >= at) return undefined
    const attempt = held?.slot === at ? held.attempt + 1 : 1
    const lost = this.#lost(job)
    const ops = lost === undefined ? [] : this.#runs.ops(job, lost.slot, lost.attempt)
    await this.#write(job, { ...record, running: this.#running({ job, slot: at, ttl, attempt }) }, ops)
    return this.#claim({ job, slot: at, ttl, attempt })
  }

  async note(job: string, slot: Date, outcome: unknown): Promise<void> {
    const at = checkSlot(job, slot)
    await this.#runs.ready(job)
    await this.#commit(job, this.#runs.ops(job, at, 0, { is: outcome }))
  }

  /** What became of the slots of a job; the attempt over which a process died has its record with the next claim. */
  remembered(job: string, options: RunsAsked): AsyncIterable<RunRecord> {
    return this.#runs.list(job, options, this.#lost(job))
  }

  /** An attempt of which nobody will say how it ended. */
  #lost(job: string): ClaimRecord['running'] {
    const { running } = this.#read(job)
    return running !== undefined && running.holder !== this.#holder && running.tried !== true ? running : undefined
  }

  #claim(given: Given): Claim {
    const held: Given = { ...given }
    const { attempt } = held
    return {
      attempt,
      renew: () => this.#renew(held),
      tried: (outcome, which = attempt) => this.#tried(held, which, outcome),
      release: (attempts) => this.#release(held, attempts),
      done: (outcome, which = attempt) => this.#done(held, which, outcome),
    }
  }

  async #renew(held: Given): Promise<boolean> {
    if (!this.#has(held)) return false
    const record = this.#read(held.job)
    await this.#write(held.job, { ...record, running: { ...record.running, ...this.#running(held) } })
    return true
  }

  async #tried(held: Given, attempt: number, outcome: unknown): Promise<void> {
    const { job, slot } = held
    await this.#runs.ready(job)
    const ops = this.#runs.ops(job, slot, attempt, { is: outcome })
    const record = this.#read(job)
    const running = { ...this.#running({ ...held, attempt }), tried: true as const }
    const next = this.#has(held) ? { ...record, running } : record
    held.attempt = attempt
    await this.#write(job, next, ops)
  }

  async #release(held: Given, attempts: number): Promise<void> {
    if (!this.#has(held)) return
    const { running, ...record } = this.#read(held.job)
    if (running === undefined || attempts === 0) return this.#write(held.job, record)
    const given = { ...running, until: 0, attempt: attempts, tried: true as const }
    await this.#write(held.job, { ...record, running: given })
  }

  async #done(held: Given, attempt: number, outcome: unknown): Promise<void> {
    const { job, slot } = held
    await this.#runs.ready(job)
    const ops = this.#runs.ops(job, slot, attempt, { is: outcome })
    const record = this.#read(job)
    const done = { done: Math.max(slot, record.done ?? slot), outcome: toJson(outcome ?? null) }
    await this.#write(job, this.#has(held) || record.running === undefined ? done : { ...record, ...done }, ops)
  }

  #has({ job, slot, attempt }: Given): boolean {
    const { running } = this.#read(job)
    return running?.holder === this.#holder && running.slot === slot && running.attempt === attempt
  }

  #running({ slot, ttl, attempt }: Given): NonNullable<ClaimRecord['running']> {
    return { slot, holder: this.#holder, until: this.#life.clock.now() + ttl, attempt }
  }

  #read(job: string): ClaimRecord {
    const key = keys.claim(job)
    return this.#records.get(key) ?? decode<ClaimRecord>(key, this.#life.session.db.getSync(key)) ?? {}
  }

  async #write(job: string, record: ClaimRecord, ops: readonly Op[] = []): Promise<void> {
    const key = keys.claim(job)
    this.#records.set(key, record)
    try {
      await this.#commit(job, [[key, encode(key, record)], ...ops])
    } catch (error) {
      this.#records.delete(key)
      throw error
    }
  }

  async #commit(job: string, ops: readonly Op[]): Promise<void> {
    try {
      await this.#life.commit(ops)
    } catch (error) {
      this.#runs.forget(job)
      throw error
    }
  }
}

function checkSlot(job: string, slot: Date): number {
  checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim')
  const at = slot instanceof Date ? slot.getTime() : Number.NaN
  if (Number.isNaN(at))
    throw new TidingsError('TIDINGS_LOG_INVALID', `the slot of a claim must be a Date, got ${describe(slot)}`)
  return at
}
