import type { Draft, Receipt } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Completion } from '../log/claim.ts'
import { checkDraft } from '../log/limits.ts'
import { logReceipt } from '../log/log-receipt.ts'
import type { Log, Origin, Write } from '../log/port.ts'
import type { Job } from './job.ts'

/** The namespace of the engine's job records: a `JobRecord` by name. */
export const JOBS = 'tidings/jobs'

/** The namespace of the paused jobs, by name: since when, and the reason if a run cancelled the job. */
export const PAUSED_JOBS = 'tidings/paused-jobs'

/** The namespace of a job's own state. */
export function jobNamespace(name: string): string {
  return `job/${name}`
}

/** The stored record of a job. */
export interface JobRecord {
  /** When the job was first seen with this schedule, in ms; intervals are counted from it. */
  readonly anchor: number
  /** The schedule in words, and `enabled: false` if disabled. A change makes the job begin now. */
  readonly schedule?: string
  readonly enabled?: false
  /** Its former names, newest first. */
  readonly formerly?: string | readonly string[]
  /** Whether a run ever succeeded. Until then, `first` applies. */
  readonly succeeded?: boolean
  /** Up to where its slots are settled, in ms. Read-only: older logs kept this here. */
  readonly slot?: number
}

/** How many drafts of a run the log accepted with each status. */
export interface Counts {
  readonly new: number
  readonly changed: number
  readonly duplicate: number
}

/** Writes the drafts of one run to the log, told or only recorded, and counts the receipts. */
export class Recorder {
  readonly #log: Log
  readonly #logger: Logger
  readonly #origin: { readonly job: string; readonly run: string }
  readonly #first: Job['settings']['first']
  readonly #counts = { new: 0, changed: 0, duplicate: 0 }
  #toldAt: number | undefined
  // Under `first: { tell: n }`: the newest n drafts, less those that a save told. Which drafts are the last n is known
  // only at the end of the run. A repeated draft is not newer, so `#versions` keeps the last version of each.
  readonly #held: Draft[] = []
  #most: number
  readonly #versions = new Map<string, string>()

  constructor(
    log: Log,
    logger: Logger,
    origin: { readonly job: string; readonly run: string },
    first: Job['settings']['first'],
  ) {
    this.#log = log
    this.#logger = logger
    this.#origin = origin
    this.#first = first
    this.#most = typeof first === 'object' ? first.tell : 0
  }

  /** When the newest event was accepted, in ms since the epoch. */
  get toldAt(): number | undefined {
    return this.#toldAt
  }

  get counts(): Counts {
    return { ...this.#counts }
  }

  async offer(draft: Draft): Promise<Receipt> {
    if (typeof this.#first === 'object') return this.#hold(draft)
    const [receipt] = await this.#accept([draft], this.#first === 'tell')
    return receipt as Receipt
  }

  /** Stores state during the run, in one step with the held drafts: state never gets ahead of its events. */
  async save(state: readonly Write[]): Promise<void> {
    const drafts = this.#held.splice(0)
    this.#most -= drafts.length
    await this.#accept(drafts, this.#first !== 'record', { state })
  }

  /** Stores the last draft and the held ones in one step with the state and the completion of the slot. */
  async finish(last: Draft | undefined, state: readonly Write[], completes?: Completion): Promise<void> {
    if (last !== undefined && typeof this.#first === 'object') await this.#hold(last)
    const drafts = typeof this.#first === 'object' ? this.#held.splice(0) : last === undefined ? [] : [last]
    await this.#accept(drafts, this.#first !== 'record', { state, ...(completes === undefined ? {} : { completes }) })
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
    const receipts = await this.#log.accept(drafts, { ...this.#origin, ...(told ? {} : { told }), ...end })
    for (const [i, receipt] of receipts.entries()) {
      this.#counts[receipt.status] += 1
      if (receipt.event !== undefined) this.#toldAt = receipt.event.created
      logReceipt(this.#logger, drafts[i] as Draft, receipt)
    }
    return receipts
  }
}
