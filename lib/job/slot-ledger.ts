import { pause } from '../core/clock.ts'
import { asError, hasCode } from '../core/errors.ts'
import type { OpenSlot, SlotPlan } from '../log/claim.ts'
import { nextSlot } from '../schedule/schedule.ts'
import type { Job } from './job.ts'
import type { JobHost } from './job-host.ts'
import type { RunOutcome } from './run-report.ts'
import type { EarlierSlots } from './runs.ts'
import { dueAt, dueSlots, type Slot, type SlotDecision, type SlotSeries } from './slots.ts'

type LedgerHost = Pick<JobHost, 'log' | 'clock' | 'environment' | 'stop' | 'giveUp' | 'unrun'>

/** Delay before a failed write is retried, in ms. */
const WRITE_RETRY = 1000

/**
 * Records in the log what becomes of one job's slots (decision 0038).
 *
 * ```
 *   due ──┬─► runs ──► pending ──► claimed ──► completed      by the claim, not here
 *         │              └──► blocked, replaced ──► settled, with a note
 *         ├─► missed ─────────────────────────────► settled, with a note
 *         └─► open ─► restored after a restart or a pause, and decided about again
 *   passed, as the schedule waited for a run to end ─► left open at the stop
 * ```
 *
 * - Once a slot completes, the log settles every earlier slot that is not open. So before anything can complete out of
 *   order, the pending slots are written as open. A single slot that nothing waits beside needs no write.
 * - Every slot ends in one outcome. Slots that pass without a run are logged, counted and noted, one note for each
 *   series: a job of every second must not push a hundred runs out of the history.
 * - Writes happen in the order of the decisions, and each is retried until it succeeds. Decisions made while the log
 *   writes are combined into one plan.
 */
export class SlotLedger {
  readonly #job: Job
  readonly #host: LedgerHost
  // Due slots without an outcome yet, in ms.
  readonly #pending = new Set<number>()
  // The newest series of blocked slots, which the next blocked slot may continue.
  #blocked: SlotSeries | undefined
  #anchor = 0
  // The plan that is written next.
  #nextPlan: PendingPlan | undefined
  #written: Promise<unknown> = Promise.resolve()

  constructor(job: Job, host: LedgerHost) {
    this.#job = job
    this.#host = host
  }

  /** Reads the open slots from the log, split into those to decide about and those that wait for their time. */
  async restore(anchor: number): Promise<EarlierSlots> {
    await this.#written
    return this.#read(anchor)
  }

  async #read(anchor: number): Promise<EarlierSlots> {
    const { log, clock } = this.#host
    const { upTo, open } = (await this.persist(() => log.slots(this.#job.name))) ?? { open: [] }
    this.#anchor = anchor
    this.#pending.clear()
    this.#blocked = undefined
    const now = clock.now()
    const waiting: Slot[] = []
    const undecided: Slot[] = []
    for (const each of open) {
      this.#pending.add(each.slot.getTime())
      const notBefore = dueAgain(each, now)
      if (notBefore !== undefined) waiting.push({ at: each.slot, begun: true, notBefore })
      else if (each.attempts > 0) undecided.push({ at: each.slot, begun: true })
      else if (dueAt(this.#job, { at: each.slot }) > now) waiting.push({ at: each.slot })
      else undecided.push({ at: each.slot })
    }
    const after = Math.max(anchor, upTo?.getTime() ?? anchor, ...open.map(({ slot }) => slot.getTime()))
    return { anchor: new Date(anchor), after: new Date(after), open: undecided, waiting }
  }

  /** Records which due slots run and which do not. */
  decided({ slots, passed, dropped, upTo }: SlotDecision): void {
    const { logger } = this.#host.environment
    const name = this.#job.name
    if (passed !== undefined) {
      logger.info({ job: name, ...passed }, 'slots missed')
      this.#host.unrun?.('missed', passed.slots)
    }
    for (const { at, begun } of dropped) {
      this.#pending.delete(at.getTime())
      this.#host.unrun?.(begun === true ? 'abandoned' : 'missed', 1)
      if (begun === true) logger.warn({ job: name, slot: at }, 'run abandoned')
      else logger.info({ job: name, first: at, last: at, slots: 1 }, 'slots missed')
    }
    const waited = this.#pending.size > 0
    const scheduled = slots.filter(({ requested }) => requested !== true)
    for (const { at } of scheduled) this.#pending.add(at.getTime())
    // A single slot needs no plan: it is claimed at once, unless it may wait for its jitter or for a manual run.
    const { jitter, overlap } = this.#job.settings
    const alone = scheduled.length <= 1 && !waited && jitter === 0 && overlap !== 'queue'
    if (passed !== undefined || dropped.length > 0) this.#blocked = undefined
    else if (alone) return
    const never = dropped.filter(({ begun }) => begun !== true)
    const noted = [
      ...(passed === undefined ? [] : [note(passed.first, seriesOf('missed', passed))]),
      ...never.map(({ at }) => note(at, seriesOf('missed', { first: at, last: at, slots: 1 }))),
    ]
    this.#plan({ upTo, settled: dropped.map(({ at }) => at), noted })
  }

  /** Leaves the slots that passed, and that nothing has decided about, open in the log: the next start decides. */
  leave(anchor: number): Promise<unknown> {
    this.#written = this.#written.then(() => this.#leaveOpen(anchor))
    return this.#written
  }

  async #leaveOpen(anchor: number): Promise<void> {
    const { name, schedule } = this.#job
    const { after } = await this.#read(anchor)
    try {
      const now = new Date(this.#host.clock.now())
      const { slots, passed, done } = dueSlots(schedule, new Date(anchor), after, now, 'all')
      if (slots.length === 0) return
      for (const { at } of slots) this.#pending.add(at.getTime())
      const noted = passed === undefined ? [] : [note(passed.first, seriesOf('missed', passed))]
      await this.persist(() => this.#host.log.plan(name, { upTo: done, noted, open: this.#openSlots() }))
    } catch {
      // `slots$` reports a failed schedule.
    }
  }

  #openSlots(): { readonly slot: Date }[] {
    return [...this.#pending].map((slot) => ({ slot: new Date(slot) }))
  }

  /** A slot was due while others ran. A requested slot needs no record: its requester is notified. */
  blocked(slot: Slot): void {
    const { at, requested, begun } = slot
    this.#host.environment.logger.warn({ job: this.#job.name, slot: at }, 'run skipped')
    this.#host.unrun?.('blocked', 1)
    if (requested === true) return
    this.#pending.delete(at.getTime())
    if (begun === true) return this.#plan({ upTo: at, settled: [at] })
    const { first, slots } = this.#follows(at) ?? { first: at, slots: 0 }
    this.#blocked = { first, last: at, slots: slots + 1 }
    this.#plan({ upTo: at, settled: [at], noted: [note(first, seriesOf('blocked', this.#blocked))] })
  }

  /** Another slot took the place of one that has no run to record. */
  replaced({ at, requested, begun }: Slot): void {
    this.#host.environment.logger.info({ job: this.#job.name, slot: at }, 'run replaced')
    if (begun !== true) this.#host.unrun?.('replaced', 1)
    if (requested === true) return
    this.#pending.delete(at.getTime())
    const noted = begun === true ? [] : [note(at, { status: 'replaced' })]
    this.#plan({ upTo: at, settled: [at], noted })
  }

  /** The log has the outcome of a slot. The next blocked slot starts a new series. */
  completed({ at }: Slot): void {
    this.#pending.delete(at.getTime())
    this.#blocked = undefined
  }

  /** Runs `write` after all earlier decisions are written. Undefined: see `persist`. */
  inTurn<T>(write: () => Promise<T>): Promise<T | undefined> {
    const done = this.#written.then(() => this.persist(write))
    this.#written = done
    return done
  }

  /** Resolves when all decisions are written. */
  written(): Promise<unknown> {
    return this.#written
  }

  /**
   * Retries `write` until it succeeds, so that no decision is lost. Resolves to undefined if the agent gives up or the log
   * is closed; the next start then picks up what is left.
   */
  async persist<T>(write: () => Promise<T>): Promise<T | undefined> {
    const { clock, environment, stop, giveUp = stop } = this.#host
    for (let failures = 0; ; failures++) {
      try {
        return await write()
      } catch (error) {
        const over = giveUp.aborted || hasCode(error, 'TIDINGS_LOG_CLOSED')
        const fields = { job: this.#job.name, err: asError(error) }
        if (over || failures === 0) environment.logger.warn(fields, 'slots could not be noted')
        if (over) return undefined
        await pause(clock, WRITE_RETRY, giveUp)
      }
    }
  }

  // The series that a slot continues. A record covers all slots between its first and its last, so none of them may
  // have another outcome.
  #follows(at: Date): SlotSeries | undefined {
    const series = this.#blocked
    if (series === undefined) return undefined
    try {
      const next = nextSlot(this.#job.schedule, series.last, new Date(this.#anchor))
      return next?.getTime() === at.getTime() ? series : undefined
    } catch {
      // `slots$` reports a failed schedule.
      return undefined
    }
  }

  // Decisions made while the log is writing are combined into one step.
  #plan({ upTo, settled, noted = [] }: PendingPlan): void {
    const before = this.#nextPlan
    this.#nextPlan = {
      upTo: before === undefined || upTo > before.upTo ? upTo : before.upTo,
      settled: [...(before?.settled ?? []), ...settled],
      noted: [...(before?.noted ?? []), ...noted],
    }
    this.#written = this.#written.then(async () => {
      const plan = this.#nextPlan
      this.#nextPlan = undefined
      if (plan === undefined) return
      await this.persist(() => this.#host.log.plan(this.#job.name, { ...plan, open: this.#openSlots() }))
    })
  }
}

type PendingPlan = Required<Pick<SlotPlan, 'upTo' | 'settled'>> & Pick<SlotPlan, 'noted'>

function note(slot: Date, outcome: RunOutcome): { readonly slot: Date; readonly outcome: RunOutcome } {
  return { slot, outcome }
}

function seriesOf(status: 'blocked' | 'missed', { last, slots }: SlotSeries): RunOutcome {
  return { status, slots, until: last.toISOString() }
}

// When the retry of a run is due. A clock that was set back does not lengthen the pause.
function dueAgain({ ended, at, since = at }: OpenSlot, now: number): number | undefined {
  if (!ended || at === undefined || since === undefined) return undefined
  return Math.min(at, now + Math.max(0, at - since))
}
