import { defined } from '../../core/defined.ts'
import { TidingsError } from '../../core/errors.ts'
import type { Claim, ClaimOptions, Completion, RunRecord, SlotPlan, SlotsOfJob } from '../../log/claim.ts'
import {
  checkJob,
  checkSlot,
  checkTtl,
  claimed,
  completed,
  type Given,
  listed,
  lostRuns,
  planned,
  type RunChange,
  released,
  renewed,
  type SlotChange,
  type SlotFacts,
  type Slots,
  tried,
} from '../../log/slots.ts'
import { keys } from '../format/keys.ts'
import { type ClaimRecord, decode, encode } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Op } from '../write/commit.ts'
import { Runs, type RunsAsked } from './runs.ts'

/**
 * The claims on the slots of each job, and their outcomes. A job has one number, up to which slots are settled, and a
 * set of open slots: a slot that completes settles no older open one. A slot completes at most once, even if the clock
 * goes back.
 *
 * One process owns the store, so a claim of another holder belongs to a dead process, and is void (decisions 0028, 0038).
 */
export class Claims {
  readonly #runs: Runs
  readonly #store: ReopeningStore
  readonly #holder: string
  // Claims are decided in memory first, so that two concurrent claims can't both win.
  readonly #known = new Map<string, Slots>()
  readonly #given = new WeakMap<Claim, Given>()
  // Claims whose commit failed but may be stored. They were never granted, so the next caller gets them.
  readonly #doubtful = new Set<string>()

  constructor(store: ReopeningStore, holder: string) {
    this.#store = store
    this.#holder = holder
    this.#runs = new Runs(store)
  }

  async claim(job: string, slot: Date, ttl: number, { aside = false }: ClaimOptions = {}): Promise<Claim | undefined> {
    const asked = { job, slot: checkSlot(job, slot), ttl: checkTtl(ttl), aside }
    await this.#runs.ready(job)
    const doubt = `${job}\0${asked.slot}`
    const decision = claimed(this.#read(job), asked, this.#facts(job), this.#doubtful.has(doubt))
    if (decision === undefined) return undefined
    this.#doubtful.delete(doubt)
    try {
      await this.#write(job, decision.change)
    } catch (error) {
      this.#doubtful.add(doubt)
      throw error
    }
    return this.#claim(decision.given)
  }

  async note(job: string, slot: Date, outcome: unknown): Promise<void> {
    const at = checkSlot(job, slot)
    await this.#runs.ready(job)
    await this.#commit(job, this.#runs.ops(job, at, 0, { is: outcome }))
  }

  async plan(job: string, plan: SlotPlan): Promise<void> {
    checkJob(job)
    await this.#runs.ready(job)
    await this.#write(job, planned(job, this.#read(job), plan, this.#facts(job)))
  }

  async slots(job: string): Promise<SlotsOfJob> {
    checkJob(job)
    return listed(this.#read(job), this.#facts(job))
  }

  async forget(job: string): Promise<boolean> {
    checkJob(job)
    await this.#runs.ready(job)
    const key = keys.claim(job)
    const runs = this.#runs.drop(job)
    const known = this.#read(job)
    if (runs.length === 0 && known.done === undefined && known.open.length === 0) return false
    this.#known.delete(key)
    await this.#commit(job, [[key, undefined], ...runs])
    return true
  }

  /** The run records of a job. The next claim stores the record of an attempt during which the process died. */
  remembered(job: string, options: RunsAsked): AsyncIterable<RunRecord> {
    return this.#runs.list(job, options, lostRuns(this.#read(job).open, this.#facts(job)))
  }

  /** Returns the operations that complete a slot, for another component's commit; call `undo` when that fails. */
  completing({ claim, attempt, outcome }: Completion): { readonly ops: readonly Op[]; undo(): void } {
    const given = this.#given.get(claim)
    if (given === undefined) throw new TidingsError('TIDINGS_LOG_INVALID', 'completes needs a claim of this log')
    const { job } = given
    const { slots, runs } = completed(this.#read(job), given, { attempt, outcome }, this.#facts(job))
    const ops = this.#runOps(job, runs)
    this.#known.set(keys.claim(job), slots)
    return { ops: [slotsOp(job, slots), ...ops], undo: () => this.#forgetMemory(job) }
  }

  #claim(decided: Given): Claim {
    const given: Given = { ...decided }
    const { job, attempt } = given
    const claim: Claim = {
      attempt,
      renew: () => this.#changeSlots(job, renewed(this.#read(job), given, this.#facts(job))),
      tried: async (outcome, which = attempt, at) => {
        await this.#runs.ready(job)
        const change = tried(this.#read(job), given, { attempt: which, outcome, at }, this.#facts(job))
        const ops = this.#runOps(job, change.runs)
        given.attempt = which
        await this.#keep(job, change.slots, ops)
      },
      release: async (attempts) => {
        await this.#changeSlots(job, released(this.#read(job), given, attempts, this.#facts(job)))
      },
      done: async (outcome, which = attempt) => {
        await this.#runs.ready(job)
        await this.#write(job, completed(this.#read(job), given, { attempt: which, outcome }, this.#facts(job)))
      },
    }
    this.#given.set(claim, given)
    return claim
  }

  #facts(job: string): SlotFacts {
    return {
      holder: this.#holder,
      now: this.#store.clock.now(),
      isLive: (holder) => holder === this.#holder,
      ran: (slot) => this.#runs.ran(job, slot),
    }
  }

  #read(job: string): Slots {
    const key = keys.claim(job)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    return slotsOf(decode<ClaimRecord>(key, this.#store.session.db.getSync(key)))
  }

  async #changeSlots(job: string, slots: Slots | undefined): Promise<boolean> {
    if (slots === undefined) return false
    await this.#keep(job, slots, [])
    return true
  }

  #write(job: string, { slots, runs }: SlotChange): Promise<void> {
    // An outcome that is not JSON throws before anything is remembered.
    return this.#keep(job, slots, this.#runOps(job, runs))
  }

  #runOps(job: string, runs: readonly RunChange[]): Op[] {
    return runs.flatMap(({ slot, attempt, outcome }) => this.#runs.ops(job, slot, attempt, outcome))
  }

  async #keep(job: string, slots: Slots, ops: readonly Op[]): Promise<void> {
    this.#known.set(keys.claim(job), slots)
    await this.#commit(job, [slotsOp(job, slots), ...ops])
  }

  async #commit(job: string, ops: readonly Op[]): Promise<void> {
    try {
      await this.#store.commit(ops)
    } catch (error) {
      this.#forgetMemory(job)
      throw error
    }
  }

  // After a failed commit it is unknown what was stored, so the next call reads the store.
  #forgetMemory(job: string): void {
    this.#known.delete(keys.claim(job))
    this.#runs.forget(job)
  }
}

function slotsOp(job: string, slots: Slots): Op {
  const key = keys.claim(job)
  return [key, encode<ClaimRecord>(key, slots)]
}

/** Returns the slots of a record. One in the older format has a single claim, on the newest slot. */
export function slotsOf({ done, open, running }: ClaimRecord = {}): Slots {
  return { ...defined({ done }), open: open ?? (running === undefined ? [] : [running]) }
}
