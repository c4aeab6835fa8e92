import { defined } from '../../core/defined.ts'
import { describe, TidingsError } from '../../core/errors.ts'
import { checkText } from '../../core/limits.ts'
import type { Claim, ClaimOptions, Completion, OpenSlot, RunRecord, SlotPlan, SlotsOfJob } from '../../log/claim.ts'
import { keys } from '../format/keys.ts'
import { type ClaimRecord, decode, encode, type OpenRecord } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Op } from '../write/commit.ts'
import { Runs, type RunsAsked } from './runs.ts'

/** The byte limit for job names, the same as for event types. */
const MOST_BYTES = 256

/** A granted slot, and its newest attempt. */
interface Given {
  readonly job: string
  readonly slot: number
  readonly ttl: number
  readonly aside: boolean
  attempt: number
}

/** The slots of a job: all up to `done` are settled, except those in `open`. */
interface Known {
  readonly done?: number
  readonly open: readonly OpenRecord[]
}

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
  readonly #known = new Map<string, Known>()
  readonly #given = new WeakMap<Claim, Given>()
  // Claims whose commit failed but may be stored. They were never granted, so the next caller gets them.
  readonly #doubtful = new Set<string>()

  constructor(store: ReopeningStore, holder: string) {
    this.#store = store
    this.#holder = holder
    this.#runs = new Runs(store)
  }

  async claim(job: string, slot: Date, ttl: number, { aside = false }: ClaimOptions = {}): Promise<Claim | undefined> {
    const at = checkSlot(job, slot)
    if (!(ttl > 0))
      throw new TidingsError('TIDINGS_LOG_INVALID', `the ttl of a claim must be a time in ms, got ${describe(ttl)}`)
    await this.#runs.ready(job)
    const { dead, ...known } = this.#withoutDead(job)
    const entry = known.open.find((each) => each.slot === at)
    const claimed = `${job}\0${at}`
    const isOurs = this.#doubtful.has(claimed) && entry?.holder === this.#holder
    if (entry === undefined ? this.#isSettled(job, at, known, aside) : !isOurs && (aside || this.#isHeld(entry)))
      return undefined
    const attempt = (entry?.attempt ?? 0) + (isOurs ? 0 : 1)
    const given: Given = { job, slot: at, ttl, aside, attempt }
    const lost = entry !== undefined && this.#isLost(entry) ? this.#runs.ops(job, at, entry.attempt) : []
    const taken = { ...dueOf(entry), ...this.#entry(given) }
    this.#doubtful.delete(claimed)
    try {
      await this.#write(job, { ...known, open: replaced(known.open, taken) }, [...dead, ...lost])
    } catch (error) {
      this.#doubtful.add(claimed)
      throw error
    }
    return this.#claim(given)
  }

  async note(job: string, slot: Date, outcome: unknown): Promise<void> {
    const at = checkSlot(job, slot)
    await this.#runs.ready(job)
    await this.#commit(job, this.#runs.ops(job, at, 0, { is: outcome }))
  }

  async plan(job: string, { upTo, back = false, open = [], settled = [], noted = [] }: SlotPlan): Promise<void> {
    const limit = upTo === undefined ? undefined : checkSlot(job, upTo)
    const opened = open.map((each) => ({ ...each, slot: checkSlot(job, each.slot) }))
    const dropped = new Set(settled.map((slot) => checkSlot(job, slot)))
    const notes = noted.map(({ slot, outcome }) => [checkSlot(job, slot), outcome] as const)
    await this.#runs.ready(job)
    const { dead, ...known } = this.#withoutDead(job)
    const goes = (each: OpenRecord): boolean => dropped.has(each.slot) && !this.#isHeld(each)
    const added = opened.filter(
      ({ slot }) => !known.open.some((each) => each.slot === slot) && !this.#isSettled(job, slot, known, false),
    )
    const left = [...known.open.filter((each) => !goes(each)), ...added.map(putOff)]
    const done = back || limit === undefined ? limit : Math.max(limit, known.done ?? limit)
    const ops = [...dead, ...this.#lostOps(job, known.open.filter(goes))]
    for (const [slot, outcome] of notes) ops.push(...this.#runs.ops(job, slot, 0, { is: outcome }))
    await this.#write(job, { ...known, ...defined({ done }), open: left.sort(bySlot) }, ops)
  }

  async slots(job: string): Promise<SlotsOfJob> {
    checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim')
    const { done, open } = this.#read(job)
    const asked = open
      .filter(({ aside }) => aside !== true)
      .map((each): OpenSlot => {
        const { slot, attempt, at, since } = each
        const due = at === undefined ? {} : { at, ...defined({ since }) }
        return { slot: new Date(slot), attempts: attempt, held: this.#isHeld(each), ended: hasEnded(each), ...due }
      })
    return { ...(done === undefined ? {} : { upTo: new Date(done) }), open: asked }
  }

  async forget(job: string): Promise<boolean> {
    checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim')
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
    return this.#runs.list(
      job,
      options,
      this.#read(job).open.filter((each) => this.#isLost(each)),
    )
  }

  /** Returns the operations that complete a slot, for another component's commit; call `undo` when that fails. */
  completing({ claim, attempt, outcome }: Completion): { readonly ops: readonly Op[]; undo(): void } {
    const given = this.#given.get(claim)
    if (given === undefined) throw new TidingsError('TIDINGS_LOG_INVALID', 'completes needs a claim of this log')
    const { job } = given
    const ops = this.#runs.ops(job, given.slot, attempt, { is: outcome })
    const key = keys.claim(job)
    const next = completed(this.#read(job), given, this.#has(given))
    this.#known.set(key, next)
    return { ops: [[key, encode<ClaimRecord>(key, next)], ...ops], undo: () => this.#forgetMemory(job) }
  }

  #claim(given: Given): Claim {
    const held: Given = { ...given }
    const { attempt } = held
    const claim: Claim = {
      attempt,
      renew: () => this.#renew(held),
      tried: (outcome, which = attempt, at) => this.#tried(held, which, outcome, at),
      release: (attempts) => this.#release(held, attempts),
      done: (outcome, which = attempt) => this.#done(held, which, outcome),
    }
    this.#given.set(claim, held)
    return claim
  }

  async #renew(held: Given): Promise<boolean> {
    const known = this.#read(held.job)
    const entry = this.#has(held)
    if (entry === undefined) return false
    await this.#write(held.job, { ...known, open: replaced(known.open, { ...entry, ...this.#entry(held) }) })
    return true
  }

  async #tried(held: Given, attempt: number, outcome: unknown, at?: number): Promise<void> {
    const { job, slot } = held
    await this.#runs.ready(job)
    const ops = this.#runs.ops(job, slot, attempt, { is: outcome })
    const known = this.#read(job)
    const due = at === undefined ? {} : { at, since: this.#store.clock.now() }
    const entry: OpenRecord = { ...this.#entry({ ...held, attempt }), tried: true, ...due }
    const next = this.#has(held) === undefined ? known : { ...known, open: replaced(known.open, entry) }
    held.attempt = attempt
    await this.#write(job, next, ops)
  }

  async #release(held: Given, attempts: number): Promise<void> {
    const known = this.#read(held.job)
    const entry = this.#has(held)
    if (entry === undefined) return
    const others = known.open.filter((each) => each !== entry)
    if (held.aside) return this.#write(held.job, { ...known, open: others })
    const { slot } = entry
    const left: OpenRecord = { slot, attempt: attempts, ...(attempts === 0 ? {} : { tried: true }), ...dueOf(entry) }
    await this.#write(held.job, { ...known, open: replaced(others, left) })
  }

  async #done(held: Given, attempt: number, outcome: unknown): Promise<void> {
    const { job, slot } = held
    await this.#runs.ready(job)
    const ops = this.#runs.ops(job, slot, attempt, { is: outcome })
    await this.#write(job, completed(this.#read(job), held, this.#has(held)), ops)
  }

  // A slot must not run when it is settled, or the log has a run record for it.
  #isSettled(job: string, slot: number, { done }: Known, aside: boolean): boolean {
    if (!aside && done !== undefined && slot <= done) return true
    return this.#runs.ran(job, slot)
  }

  #isHeld({ holder, until = 0 }: OpenRecord): boolean {
    return holder === this.#holder && until > this.#store.clock.now()
  }

  /** Whether the attempt died with its process, so that its outcome will never be recorded. */
  #isLost(entry: OpenRecord): boolean {
    return entry.holder !== this.#holder && !hasEnded(entry)
  }

  #lostOps(job: string, open: readonly OpenRecord[]): Op[] {
    const lost = open.filter((each) => this.#isLost(each))
    return lost.flatMap(({ slot, attempt }) => this.#runs.ops(job, slot, attempt))
  }

  // A requested run is not repeated after its process has died.
  #withoutDead(job: string): Known & { readonly dead: readonly Op[] } {
    const known = this.#read(job)
    const isDead = (each: OpenRecord): boolean => each.aside === true && each.holder !== this.#holder
    const dead = known.open.filter(isDead)
    if (dead.length === 0) return { ...known, dead: [] }
    return { ...known, open: known.open.filter((each) => !isDead(each)), dead: this.#lostOps(job, dead) }
  }

  /** Returns the open record of the slot if this claim still holds it. */
  #has({ job, slot, attempt }: Given): OpenRecord | undefined {
    const entry = this.#read(job).open.find((each) => each.slot === slot)
    return entry?.holder === this.#holder && entry.attempt === attempt ? entry : undefined
  }

  #entry({ slot, ttl, attempt, aside }: Given): OpenRecord {
    const until = this.#store.clock.now() + ttl
    return { slot, holder: this.#holder, until, attempt, ...(aside ? { aside } : {}) }
  }

  #read(job: string): Known {
    const key = keys.claim(job)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const record = decode<ClaimRecord>(key, this.#store.session.db.getSync(key))
    return fromRecord(record)
  }

  async #write(job: string, known: Known, ops: readonly Op[] = []): Promise<void> {
    const key = keys.claim(job)
    this.#known.set(key, known)
    await this.#commit(job, [[key, encode<ClaimRecord>(key, known)], ...ops])
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

/** Returns the slots of a job after one completes; `entry`: its open record, if the claim still holds it. */
function completed(known: Known, { slot, aside }: Given, entry: OpenRecord | undefined): Known {
  const open = known.open.filter((each) => each !== entry)
  return aside ? { ...known, open } : { done: Math.max(slot, known.done ?? slot), open }
}

function hasEnded({ attempt, tried }: OpenRecord): boolean {
  return attempt === 0 || tried === true
}

function putOff({
  slot,
  attempts = 0,
  at,
  since = at,
}: { slot: number } & Partial<Omit<OpenSlot, 'slot'>>): OpenRecord {
  return { slot, attempt: attempts, ...(attempts === 0 ? {} : { tried: true }), ...dueOf({ at, since }) }
}

// The due time of the next attempt is kept until that begins: a claim may be given back first.
function dueOf({
  at,
  since,
}: {
  readonly at?: number | undefined
  readonly since?: number | undefined
} = {}): Pick<OpenRecord, 'at' | 'since'> {
  return at === undefined || since === undefined ? {} : { at, since }
}

/** Returns the open slots with this record replacing the old one of its slot. */
function replaced(open: readonly OpenRecord[], entry: OpenRecord): readonly OpenRecord[] {
  return [...open.filter(({ slot }) => slot !== entry.slot), entry].sort(bySlot)
}

function bySlot(a: OpenRecord, b: OpenRecord): number {
  return a.slot - b.slot
}

// Records in the older format have one claim, on the newest slot.
function fromRecord({ done, open, running }: ClaimRecord = {}): Known {
  return { ...defined({ done }), open: open ?? (running === undefined ? [] : [running]) }
}

function checkSlot(job: string, slot: Date): number {
  checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim')
  const at = slot instanceof Date ? slot.getTime() : Number.NaN
  if (Number.isNaN(at))
    throw new TidingsError('TIDINGS_LOG_INVALID', `the slot of a claim must be a Date, got ${describe(slot)}`)
  return at
}
