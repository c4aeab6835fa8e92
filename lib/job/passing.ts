import { asError } from '../core/errors.ts'
import type { RunOutcome } from './history.ts'
import type { Job } from './job.ts'
import type { JobHost } from './job-host.ts'
import { JOBS, type JobRecord } from './record.ts'
import type { Passed, Slot } from './slots.ts'

/** Slots of one job that pass without a run: they are said, counted and written down, one record for each series. */
export class Passing {
  readonly #job: Job
  readonly #host: Pick<JobHost, 'log' | 'environment'>
  // Those that the runs that go on leave no room for.
  #blocked: Passed | undefined
  // The newest slot that was decided about without a run, in ms.
  #newest = 0
  #written: Promise<unknown> = Promise.resolve()

  constructor(job: Job, host: Pick<JobHost, 'log' | 'environment'>) {
    this.#job = job
    this.#host = host
  }

  /** A slot came while others ran. Who asked for one hears it, and needs no record. */
  blocked({ at, asked }: Slot): void {
    this.#host.environment.logger.warn({ job: this.#job.name, slot: at }, 'run skipped')
    if (asked === true) return
    const { first = at, slots = 0 } = this.#blocked ?? {}
    this.#blocked = { first, last: at, slots: slots + 1 }
    this.#newest = at.getTime()
    this.#note('blocked', this.#blocked)
  }

  /** Slots passed while nothing ran. If no later one runs, that is done with too: the clock may go back. */
  missed(passed: Passed, alone: boolean): void {
    this.#host.environment.logger.info({ job: this.#job.name, ...passed }, 'slots missed')
    this.#note('missed', passed)
    if (!alone) return
    this.#newest = passed.last.getTime()
    this.#write(() => this.#settle(this.#newest))
  }

  /** A run has ended: what is blocked from now on is another series. */
  ended(): void {
    this.#blocked = undefined
  }

  /**
   * Up to where slots are done with once this one is, in ms. What it blocked was decided about: after a restart, that
   * is not missed. Where older ones may wait, only what ran is done with.
   */
  upTo({ at, more }: Slot): number {
    const alone = this.#job.settings.overlap === 'skip' && more !== true
    return alone ? Math.max(at.getTime(), this.#newest) : at.getTime()
  }

  /** Resolves when all is written down. */
  written(): Promise<unknown> {
    return this.#written
  }

  /** What is known of the job, with all that passed. */
  async known(): Promise<JobRecord | undefined> {
    await this.#written
    return this.#stored()
  }

  async #stored(): Promise<JobRecord | undefined> {
    return (await this.#host.log.store(JOBS).get<JobRecord>(this.#job.name))?.value
  }

  #note(status: 'blocked' | 'missed', { first, last, slots }: Passed): void {
    const outcome: RunOutcome = { status, slots, until: last.toISOString() }
    this.#write(() => this.#host.log.note(this.#job.name, first, outcome))
  }

  async #settle(slot: number): Promise<void> {
    const stored = await this.#stored()
    if (stored === undefined || slot <= (stored.slot ?? 0)) return
    await this.#host.log.store(JOBS).set(this.#job.name, { ...stored, slot })
  }

  #write(write: () => Promise<unknown>): void {
    this.#written = this.#written.then(write).catch((error: unknown) => {
      const { logger } = this.#host.environment
      logger.warn({ job: this.#job.name, err: asError(error) }, 'slots that passed could not be noted')
    })
  }
}
