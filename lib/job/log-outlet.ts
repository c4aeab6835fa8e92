import { hasCode } from '../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import { checkDraft } from '../log/check-draft.ts'
import type { Claim, Completion } from '../log/claim.ts'
import { logReceipt } from '../log/log-receipt.ts'
import type { KeyValue, Origin, Query, Write, Writes } from '../log/port.ts'
import { tracedAccept } from '../log/traced-accept.ts'
import { FloodGuard } from './flood-guard.ts'
import type { Job } from './job.ts'
import type { JobHost } from './job-host.ts'
import { JOBS, type JobRecord, jobNamespace, PAUSED_JOBS } from './job-record.ts'
import type { Outlet, RunSuccess } from './run-loop.ts'
import { type Counts, successOf } from './run-report.ts'

/** The attempt that an outlet belongs to. */
export interface LogAttempt {
  /** The claim on the slot. */
  readonly claim: Claim
  /** The slot. */
  readonly at: Date
  /** The number of the attempt. */
  readonly attempt: number
  /** The current record of the job. */
  record(): JobRecord
  /** Resolves to whether the log has an outcome of the attempt; waits while the log has failed. */
  isRecorded(): Promise<boolean | undefined>
}

type OutletHost = Pick<JobHost, 'log' | 'clock' | 'environment' | 'scrub' | 'tracing'>

/** What is stored with the last drafts of a step. */
interface StepEnd {
  readonly state: Writes
  readonly completes?: Completion
}

/** Stores the drafts and the state of one attempt in the log. The drafts are told, or only recorded (`first`). */
export class LogOutlet implements Outlet {
  readonly namespace: string
  readonly guard: FloodGuard | undefined
  readonly #job: Job
  readonly #attempt: LogAttempt
  readonly #host: OutletHost
  readonly #first: Job['settings']['first']
  readonly #counts = { new: 0, changed: 0, duplicate: 0 }
  #heldCount = 0
  /** How many drafts the stored outcome counts; undefined: the attempt has none. */
  #completedWith: number | undefined
  /** The step that stores the success of the attempt, once it has begun. */
  #finishing: { readonly end: RunSuccess; readonly stored: Promise<void> } | undefined
  #lastAcceptedAt: number | undefined
  // Under `first: { tell: n }`: the newest n drafts, less those that a save told. Which drafts are the last n is known
  // only at the end of the run. A repeated draft is not newer, so `#versions` keeps the last version of each.
  readonly #held: Draft[] = []
  #most: number
  readonly #versions = new Map<string, string>()

  constructor(job: Job, attempt: LogAttempt, host: OutletHost) {
    this.#job = job
    this.#attempt = attempt
    this.#host = host
    this.namespace = jobNamespace(job.name)
    const { flood } = job.settings
    const isGuarded = flood !== false && flood !== undefined && job.schedule.kind !== 'always'
    this.guard = isGuarded ? new FloodGuard(job.name, flood, host.log, host.clock) : undefined
    this.#first = attempt.record().succeeded === true ? 'tell' : job.settings.first
    this.#most = typeof this.#first === 'object' ? this.#first.tell : 0
  }

  get stored(): Pick<KeyValue, 'get'> {
    return this.#host.log.store(this.namespace)
  }

  /** When the newest event was accepted, in ms since the epoch. */
  get lastAcceptedAt(): number | undefined {
    return this.#lastAcceptedAt
  }

  /** Whether the log has the outcome of the attempt, and that counts every draft. */
  get isCompleted(): boolean {
    return this.#completedWith === this.#answered
  }

  get #answered(): number {
    return this.#counts.new + this.#counts.changed + this.#counts.duplicate
  }

  get counts(): Counts {
    return { ...this.#counts, ...(this.#heldCount === 0 ? {} : { held: this.#heldCount }) }
  }

  events(query?: Query): AsyncIterable<StoredEvent> {
    return this.#host.log.events(query)
  }

  async offer(draft: Draft): Promise<Receipt> {
    if (typeof this.#first === 'object') return this.#hold(draft)
    const [receipt] = await this.#accept([draft], this.#first === 'tell')
    return receipt as Receipt
  }

  /** Stores state in one step with the held drafts: state never gets ahead of its events. */
  async save(state: Writes): Promise<void> {
    const drafts = this.#held.splice(0)
    this.#most -= drafts.length
    await this.#store(false, drafts, () => ({ state }))
  }

  /** Stores the held drafts of a failed attempt. */
  async fail(): Promise<void> {
    if (this.guard?.isHolding) await this.#store(false, [], () => ({ state: [] }))
  }

  /**
   * Stores the last draft and the held ones in one step with the state and the completion of the slot. A run that
   * cancels its job pauses it in the same step, so that the job never runs again, even after a crash.
   */
  finish(last: Draft | undefined, state: Writes, end: RunSuccess): Promise<void> {
    const stored = this.#finish(last, state, end)
    this.#finishing = { end, stored }
    return stored
  }

  /**
   * A success that is stored is one, whatever became of its answer: as a failure, the attempt would be made again, with
   * its state stored twice.
   */
  async success(): Promise<RunSuccess | undefined> {
    if (this.#finishing === undefined) return undefined
    const { end, stored } = this.#finishing
    try {
      await stored
    } catch (error) {
      // Any other error is an answer: nothing is stored.
      if (!hasCode(error, 'TIDINGS_LOG_FAILED') || !(await this.#attempt.isRecorded())) return undefined
      this.#completedWith = this.#answered
    }
    return end
  }

  async #finish(last: Draft | undefined, state: Writes, end: RunSuccess): Promise<void> {
    const { name } = this.#job
    const known = this.#attempt.record()
    const writes: Write[] = [...state]
    if (known.succeeded !== true) writes.push({ namespace: JOBS, key: name, value: { ...known, succeeded: true } })
    if (end.cancel !== undefined) {
      const value = { since: this.#host.clock.now(), reason: this.#host.scrub(end.cancel.message) }
      writes.push({ namespace: PAUSED_JOBS, key: name, value })
    }
    if (last !== undefined && typeof this.#first === 'object') await this.#hold(last)
    const drafts = typeof this.#first === 'object' ? this.#held.splice(0) : last === undefined ? [] : [last]
    const answered = this.#answered
    await this.#store(true, drafts, () => ({ state: writes, completes: this.#completion(end) }))
    this.#completedWith = answered
  }

  // What the guard holds goes into the same step. `end` is called when it is known how many drafts that are.
  async #store(over: boolean, drafts: readonly Draft[], end: () => StepEnd): Promise<void> {
    const told = this.#first !== 'record'
    if (this.guard === undefined) return void (await this.#accept(drafts, told, end()))
    const before = this.#heldCount
    await this.guard.store(over, async ({ writes, added, news, released }) => {
      this.#heldCount += added
      try {
        const { state, ...completes } = end()
        const step = { ...completes, state: [...state, ...writes] }
        const all = [...drafts, ...released]
        if (news.length === 0) return void (await this.#accept(all, told, step))
        // The news are the engine's, not the job's.
        if (all.length > 0) await this.#accept(all, told)
        await this.#host.log.accept(news, step)
      } catch (error) {
        this.#heldCount -= added
        throw error
      }
    })
    if (this.#heldCount > before) this.#warnOfFlood()
  }

  #warnOfFlood(): void {
    const fields = { job: this.#job.name, held: this.#heldCount, polled: this.guard?.polled }
    this.#host.environment.logger.warn(fields, 'poll held')
  }

  // Written together with the last drafts, so it does not know their receipts yet; `claim.done` records them.
  #completion({ began, late, ms, cancel }: RunSuccess): Completion {
    const { claim, attempt } = this.#attempt
    const times = { began: began.toISOString(), late, ms }
    return { claim, attempt, outcome: { ...times, ...this.counts, ...successOf(cancel, this.#host.scrub) } }
  }

  async #hold(given: Draft): Promise<Receipt> {
    // Checked here so that the publish call itself rejects, rather than the whole batch at the end.
    const draft = checkDraft(given)
    const { type, identifier, version = '' } = draft
    const identity = `${type}\0${identifier}`
    if (this.#versions.get(identity) === version) this.#counts.duplicate += 1
    else this.#held.push(draft)
    this.#versions.set(identity, version)
    if (this.#held.length > this.#most) await this.#accept(this.#held.splice(0, 1), false)
    return { status: 'offered', seq: 0 }
  }

  async #accept(
    drafts: readonly Draft[],
    told: boolean,
    end: Pick<Origin, 'state' | 'completes'> = {},
  ): Promise<readonly Receipt[]> {
    const { log, environment, tracing } = this.#host
    const { at, attempt } = this.#attempt
    const origin: Origin = {
      job: this.#job.name,
      // Only events have it.
      ...(drafts.length === 0 ? {} : { run: `${at.toISOString()}#${attempt}` }),
      ...(told ? {} : { told }),
      ...end,
    }
    const receipts = await tracedAccept(log, drafts, origin, tracing)
    for (const [i, receipt] of receipts.entries()) {
      this.#counts[receipt.status] += 1
      if (receipt.event !== undefined) this.#lastAcceptedAt = receipt.event.created
      logReceipt(environment.logger, drafts[i] as Draft, receipt)
    }
    return receipts
  }
}
