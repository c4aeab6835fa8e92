import { TidingsError } from '../core/errors.ts'
import { toJson } from '../core/json.ts'
import type { Claim, ClaimOptions, Completion, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import { count } from '../log/query.ts'
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
} from '../log/slots.ts'
import { isRefused } from './connection.ts'
import { type Fence, writeFenced } from './fence.ts'
import type { LogClock } from './log-clock.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/** The number of run records that are listed by default. */
const MOST_RUNS = 100

/** The slots of a job as they were read, and what a decision about them depends on. */
interface Read {
  readonly slots: Slots
  /** How often they were written; 0: never. */
  readonly revision: number
  readonly facts: SlotFacts
}

/** A write of slots, as `accept_run_1` takes it. */
export type SlotColumns = readonly [
  job: string,
  record: string,
  revision: number,
  slots: readonly number[],
  attempts: readonly number[],
  outcomes: readonly (string | null)[],
]

/**
 * The claims on the slots of each job. A decision is made here, on what was read, and stored if the slots are still what
 * they were; if not, it is made again. So no lock is held between the two, and two agents can't both win.
 */
export class PostgresClaims {
  readonly #session: Session
  readonly #clock: LogClock
  readonly #given = new WeakMap<Claim, Given>()
  // Claims whose answer was lost: they may be stored, and were never granted.
  readonly #doubtful = new Set<string>()

  constructor(session: Session, clock: LogClock) {
    this.#session = session
    this.#clock = clock
  }

  async claim(
    job: string,
    slot: Date,
    ttl: number,
    { aside = false }: ClaimOptions = {},
    fence?: Fence,
  ): Promise<Claim | undefined> {
    const asked = { job, slot: checkSlot(job, slot), ttl: checkTtl(ttl), aside }
    const doubt = `${job}\0${asked.slot}`
    try {
      const given = await this.#decide(job, fence, ({ slots, facts }) => {
        const decision = claimed(slots, asked, facts, this.#doubtful.has(doubt))
        return decision === undefined ? undefined : { change: decision.change, answer: decision.given }
      })
      this.#doubtful.delete(doubt)
      return given === undefined ? undefined : this.#claim(given, fence)
    } catch (error) {
      this.#doubtful.add(doubt)
      throw error
    }
  }

  async note(job: string, slot: Date, outcome: unknown, fence?: Fence): Promise<void> {
    const columns = runColumns([{ slot: checkSlot(job, slot), attempt: 0, outcome: { is: outcome } }])
    const text = `SELECT ${this.#session.name('put_runs')}($1, $2, $3, $4)`
    await writeFenced(this.#session, fence, text, [toText(job), ...columns])
  }

  async plan(job: string, plan: SlotPlan, fence?: Fence): Promise<void> {
    checkJob(job)
    await this.#decide(job, fence, ({ slots, facts }) => ({
      change: planned(job, slots, plan, facts),
      answer: undefined,
    }))
  }

  async slots(job: string, fence?: Fence): Promise<SlotsOfJob> {
    const { slots, facts } = await this.#read(checkJob(job), fence)
    return listed(slots, facts)
  }

  async forget(job: string): Promise<boolean> {
    const text = `SELECT ${this.#session.name('forget_slots_1')}($1)`
    const [[forgotten] = []] = await this.#session.write(text, [toText(checkJob(job))])
    return forgotten === true
  }

  async *remembered(
    job: string,
    { limit, reverse = false }: { readonly limit?: number; readonly reverse?: boolean },
  ): AsyncGenerator<RunRecord> {
    const most = count(limit, 'limit', MOST_RUNS)
    const { slots, facts } = await this.#read(job)
    const text = `SELECT slot, attempt, outcome FROM ${this.#session.name('run')} WHERE job = $1 ORDER BY slot, attempt`
    const found = new Map<string, RunRecord>()
    const add = (slot: number, attempt: number, rest: Pick<RunRecord, 'outcome'> = {}): void =>
      void found.set(`${slot} ${attempt}`, { job, slot: new Date(slot), attempt, ...rest })
    for (const [slot, attempt, outcome] of await this.#session.write(text, [toText(job)])) {
      const rest = outcome === null ? {} : { outcome: JSON.parse(fromText(outcome as string)) as never }
      add(Number(slot), attempt as number, rest)
    }
    for (const { slot, attempt } of lostRuns(slots.open, facts)) add(slot, attempt)
    const inOrder = [...found.values()].sort((a, b) => a.slot.getTime() - b.slot.getTime() || a.attempt - b.attempt)
    yield* (reverse ? inOrder.reverse() : inOrder).slice(0, most)
  }

  /** Resolves to the write that completes a slot, for the call that stores its events. */
  async completing({ claim, attempt, outcome }: Completion, fence?: Fence): Promise<SlotColumns> {
    const given = this.#given.get(claim)
    if (given === undefined) throw new TidingsError('TIDINGS_LOG_INVALID', 'completes needs a claim of this log')
    const { slots, revision, facts } = await this.#read(given.job, fence)
    return slotColumns(given.job, completed(slots, given, { attempt, outcome }, facts), revision)
  }

  #claim(decided: Given, fence: Fence | undefined): Claim {
    const given: Given = { ...decided }
    const { job, attempt } = given
    const change = async (next: (read: Read) => Slots | undefined): Promise<boolean> => {
      const changed = await this.#decide(job, fence, (read) => {
        const slots = next(read)
        return slots === undefined ? undefined : { change: { slots, runs: [] }, answer: true }
      })
      return changed === true
    }
    const claim: Claim = {
      attempt,
      renew: () => change(({ slots, facts }) => renewed(slots, given, facts)),
      tried: async (outcome, which = attempt, at) => {
        const is = toJson(outcome ?? null)
        await this.#decide(job, fence, ({ slots, facts }) => ({
          change: tried(slots, given, { attempt: which, outcome: is, at }, facts),
          answer: undefined,
        }))
        given.attempt = which
      },
      release: async (attempts) => {
        await change(({ slots, facts }) => released(slots, given, attempts, facts))
      },
      done: async (outcome, which = attempt) => {
        const end = { attempt: which, outcome: toJson(outcome ?? null) }
        await this.#decide(job, fence, ({ slots, facts }) => ({
          change: completed(slots, given, end, facts),
          answer: undefined,
        }))
      },
    }
    this.#given.set(claim, given)
    return claim
  }

  // Decides again as long as the slots change between the read and the write.
  async #decide<T>(
    job: string,
    fence: Fence | undefined,
    decide: (read: Read) => { readonly change: SlotChange; readonly answer: T } | undefined,
  ): Promise<T | undefined> {
    for (;;) {
      const read = await this.#read(job, fence)
      const decision = decide(read)
      if (decision === undefined) return undefined
      try {
        const text = `SELECT ${this.#session.name('put_slots')}($1, $2, $3, $4, $5, $6)`
        await writeFenced(this.#session, fence, text, slotColumns(job, decision.change, read.revision))
        return decision.answer
      } catch (error) {
        if (!isRefused(error, 'changed')) throw error
      }
    }
  }

  async #read(job: string, fence?: Fence): Promise<Read> {
    const session = this.#session
    const text = `SELECT
      (SELECT record FROM ${session.name('slots')} WHERE job = $1),
      (SELECT revision FROM ${session.name('slots')} WHERE job = $1),
      (SELECT array_agg(DISTINCT slot) FROM ${session.name('run')} WHERE job = $1 AND attempt > 0),
      (SELECT array_agg(id) FROM ${session.name('agent')} WHERE until > clock_timestamp())`
    const [row = []] = await session.write(text, [toText(job)])
    const [record, revision, ran, live] = row as [string | null, string | null, string[] | null, string[] | null]
    const [known, agents] = [new Set(ran), new Set(live)]
    const { agent } = session.options
    // The one that has the hold of a job is alone: whatever another has claimed is void.
    const isLive = (holder: string): boolean =>
      fence === undefined ? [agent, ...agents].includes(holder.split('/')[0] as string) : holder === fence.holder
    const facts: SlotFacts = {
      holder: fence?.holder ?? agent,
      now: this.#clock.now(),
      isLive: (holder) => holder !== undefined && isLive(holder),
      ran: (slot) => known.has(String(slot)),
    }
    const slots = record === null ? { open: [] } : (JSON.parse(fromText(record)) as Slots)
    return { slots, revision: Number(revision ?? 0), facts }
  }
}

function slotColumns(job: string, { slots, runs }: SlotChange, revision: number): SlotColumns {
  return [toText(job), toText(JSON.stringify(slots)), revision, ...runColumns(runs)]
}

function runColumns(runs: readonly RunChange[]): readonly [number[], number[], (string | null)[]] {
  return [
    runs.map(({ slot }) => slot),
    runs.map(({ attempt }) => attempt),
    runs.map(({ outcome }) => (outcome === undefined ? null : toText(JSON.stringify(toJson(outcome.is ?? null))))),
  ]
}
