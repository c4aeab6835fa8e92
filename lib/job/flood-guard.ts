import type { Clock } from '../core/clock.ts'
import { engineDraft } from '../core/engine-types.ts'
import { hasCode } from '../core/errors.ts'
import type { Accepted, Draft } from '../core/event.ts'
import { isTransient } from '../core/keep-trying.ts'
import type { Log } from '../log/port.ts'
import { afterPoll, type FloodLimits, isFlood, NORMAL, type Tally } from './flood-rule.ts'
import {
  type FloodRecord,
  floodTooLarge,
  type HeldChange,
  HeldDrafts,
  identityOf,
  MOST_HELD,
  sizeOf,
} from './held-drafts.ts'
import type { DraftGuard } from './run-function.ts'

/** How many drafts are looked up in the log at a time. */
const PAGE = 500

/** The verdict about an identity: drafts of known ones are passed on, new and held ones may have to wait. */
type Verdict = 'known' | 'new' | 'held'

/** What the log stores together with the held drafts. */
export interface FloodChange extends HeldChange {
  /** The announcement of the flood, if it begins now. */
  readonly news: readonly Draft[]
  /** Newer drafts of identities that were released or discarded during the run. */
  readonly released: readonly Draft[]
}

const UNCHANGED: FloodChange = { writes: [], added: 0, news: [], released: [] }

/**
 * Judges the drafts that one attempt of a job returns (decision 0051): passes them on, or holds those that are new if
 * nearly all are.
 *
 * ```
 *   take ─▶ buffer ── decide ──▶ look up ──▶ flood? ── no ──▶ passed on, in order
 *             │                                 └──── yes ─▶ new ones held; known ones passed on
 *             └─ the job has no history: passed on at once
 * ```
 *
 * - Nothing is passed on before the decision, at the end of the run, at `state.save()`, or when the buffer is full. A
 *   full buffer without a flood decides for the rest of the run: it passes.
 * - A draft whose identity is held replaces the held one. It does not count.
 * - Held drafts are stored with the completion of the slot and the state of the run (`store`).
 * - While drafts are held, the guard learns nothing about what is normal.
 */
export class FloodGuard implements DraftGuard {
  readonly #log: Log
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: FloodLimits
  readonly #held: HeldDrafts
  #mode: 'unknown' | 'no history' | 'judging' | 'open' = 'unknown'
  #isArmed = false
  #anyHeld = false
  #anyTaken = false
  #buffer: Draft[] = []
  #bufferSize = 0
  #decided: Promise<void> | undefined
  readonly #verdicts = new Map<string, Verdict>()
  readonly #tally: Tally = { new: 0, known: 0 }
  #flooded = false
  /** By identity, to be stored. */
  readonly #toHold = new Map<string, Draft>()
  #toHoldSize = 0
  /** Those of them that replace a held draft. */
  readonly #replacing = new Set<string>()

  constructor(job: string, limits: FloodLimits, log: Log, clock: Pick<Clock, 'now'>) {
    this.#log = log
    this.#clock = clock
    this.#limits = limits
    this.#held = new HeldDrafts(log, job)
  }

  /** The number of identities that were judged. */
  get polled(): number {
    return this.#tally.new + this.#tally.known
  }

  async take(draft: Draft, pass: (draft: Draft) => Promise<void>): Promise<void> {
    this.#anyTaken = true
    if (this.#mode === 'unknown') await this.#begin()
    if (this.#mode === 'no history') return pass(draft)
    const isOpen = this.#mode === 'open'
    if (isOpen && !this.#anyHeld && this.#buffer.length === 0 && this.#decided === undefined) return pass(draft)
    this.#buffer.push(draft)
    this.#bufferSize += sizeOf(draft)
    const most = isOpen ? PAGE : MOST_HELD.count
    if (this.#buffer.length >= most || this.#bufferSize >= MOST_HELD.size) await this.decide(pass)
  }

  /** Decides about the drafts so far, and passes on those that are not held. */
  decide(pass: (draft: Draft) => Promise<void>): Promise<void> {
    const before = this.#decided ?? Promise.resolve()
    const decided = before.then(() => this.#decide(pass))
    this.#decided = decided
    const end = (): void => {
      if (this.#decided === decided) this.#decided = undefined
    }
    decided.then(end, end)
    return decided
  }

  /** Whether drafts are to be held that are not stored yet. */
  get isHolding(): boolean {
    return this.#toHold.size > 0
  }

  /**
   * Calls `store` with the writes that hold what was decided to be held and, once the run is `over`, remember what it has
   * shown.
   */
  async store<T>(over: boolean, store: (change: FloodChange) => Promise<T>): Promise<T> {
    if (!this.isHolding && !(over && this.#anyTaken)) return store(UNCHANGED)
    return this.#held.inTurn(async () => {
      const result = await store(await this.#change(over))
      this.#toHold.clear()
      this.#replacing.clear()
      return result
    })
  }

  async #change(over: boolean): Promise<FloodChange> {
    const known = await this.#held.record()
    const row = over ? this.#rowAfter(known) : (known?.row ?? 0)
    if (!this.isHolding) {
      return row === known?.row ? UNCHANGED : { ...UNCHANGED, writes: [this.#held.remembering({ ...known, row })] }
    }
    const released = await this.#takeReleased()
    const now = this.#clock.now()
    const change = await this.#held.adding(this.#toHold, row, now)
    const begins = known?.held === undefined && change.held !== undefined
    return { ...change, released, news: begins ? [this.#news(change, new Date(now).toISOString())] : [] }
  }

  #rowAfter(known: FloodRecord | undefined): number {
    if (known === undefined) return 0
    return this.#flooded || known.held !== undefined ? known.row : afterPoll(known.row, this.#tally, this.#limits)
  }

  // A draft that was to replace a held one, which a person released or discarded meanwhile.
  async #takeReleased(): Promise<Draft[]> {
    const released: Draft[] = []
    for (const identity of this.#replacing) {
      const draft = this.#toHold.get(identity)
      if (draft === undefined || (await this.#held.has(identity))) continue
      this.#toHold.delete(identity)
      released.push(draft)
    }
    return released
  }

  #news({ added }: HeldChange, since: string): Draft {
    const { job } = this.#held
    const examples = Array.from(this.#toHold.values(), ({ type, identifier }) => ({ type, identifier })).slice(0, 3)
    return engineDraft('tidings.job.flooded', `${job} ${since}`, {
      job,
      since,
      held: added,
      polled: this.polled,
      examples,
    })
  }

  async #begin(): Promise<void> {
    const record = await this.#held.record()
    if (this.#mode !== 'unknown') return
    this.#mode = record === undefined ? 'no history' : 'judging'
    this.#anyHeld = record?.held !== undefined
    this.#isArmed = record !== undefined && record.row < NORMAL
  }

  async #decide(pass: (draft: Draft) => Promise<void>): Promise<void> {
    const drafts = this.#buffer
    this.#buffer = []
    const isFull = drafts.length >= MOST_HELD.count || this.#bufferSize >= MOST_HELD.size
    this.#bufferSize = 0
    const identities: (string | undefined)[] = []
    for (let i = 0; i < drafts.length; i += PAGE) {
      if (i > 0) await new Promise((resolve) => setImmediate(resolve))
      identities.push(...(await this.#judge(drafts.slice(i, i + PAGE))))
    }
    const flood = this.#isArmed && isFlood(this.#tally, this.#limits)
    this.#flooded ||= flood
    for (const [i, draft] of drafts.entries()) {
      const identity = identities[i]
      const verdict = identity === undefined ? undefined : this.#verdicts.get(identity)
      if (identity !== undefined && (verdict === 'held' || (verdict === 'new' && flood))) this.#hold(identity, draft)
      else {
        // A later draft of this identity repeats an event.
        if (identity !== undefined && verdict === 'new') this.#verdicts.set(identity, 'known')
        await pass(draft)
      }
    }
    if (isFull && !flood) this.#mode = 'open'
  }

  #hold(identity: string, draft: Draft): void {
    const before = this.#toHold.get(identity)
    this.#toHoldSize += sizeOf(draft) - (before === undefined ? 0 : sizeOf(before))
    this.#toHold.set(identity, draft)
    this.#verdicts.set(identity, 'held')
    if (this.#toHold.size <= MOST_HELD.count && this.#toHoldSize <= MOST_HELD.size) return
    this.#toHold.clear()
    throw floodTooLarge(this.#held.job)
  }

  // Resolves to the identity of each draft; undefined for an invalid one, which is passed on, to be refused.
  async #judge(drafts: readonly Draft[]): Promise<readonly (string | undefined)[]> {
    const statuses = await this.#preview(drafts)
    const identities = drafts.map((draft, i) => (statuses[i] === undefined ? undefined : identityOf(draft)))
    for (const [i, identity] of identities.entries()) {
      if (identity === undefined || this.#verdicts.has(identity)) continue
      const isNew = statuses[i] === 'new'
      const isHeld = isNew && this.#anyHeld && (await this.#held.has(identity))
      this.#verdicts.set(identity, isHeld ? 'held' : isNew ? 'new' : 'known')
      if (isHeld) this.#replacing.add(identity)
      else if (isNew) this.#tally.new += 1
      else this.#tally.known += 1
    }
    return identities
  }

  async #preview(drafts: readonly Draft[]): Promise<readonly (Accepted['status'] | undefined)[]> {
    try {
      return await this.#log.preview(drafts)
    } catch (error) {
      if (isTransient(error) || hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
      if (drafts.length === 1) return [undefined]
    }
    const each: (Accepted['status'] | undefined)[] = []
    for (const draft of drafts) each.push(...(await this.#preview([draft])))
    return each
  }
}
