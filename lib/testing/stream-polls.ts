import type { Stream } from '../agent/define/stream.ts'
import { systemClock } from '../core/clock.ts'
import { asError } from '../core/errors.ts'
import type { Draft, Receipt } from '../core/event.ts'
import { silentLogger } from '../core/logger.ts'
import type { World } from '../core/world.ts'
import type { Job } from '../job/job.ts'
import { runAttempt } from '../job/run-loop.ts'
import { MemoryOutlet, MemoryState } from '../job/run-once.ts'
import { withFixedDate } from './fixed-date.ts'

/** Decides about a draft, as a log does; rejects if the log rejects the draft. */
export type Accept = (draft: Draft) => Promise<Receipt>

/** When the items of a poll are sent to an endless job. */
export interface PushMoment {
  /** The hour of the poll, in ms since the epoch. */
  readonly now: number
  /** Aborts when the run is over, which receives nothing more. */
  readonly signal: AbortSignal
}

/** Sends the items of a poll to an endless job, while that runs. */
export type Push = (moment: PushMoment) => Promise<void>

/** Whether a job never ends, so that its service sends by itself. */
export function isEndless({ schedule }: Job): boolean {
  return schedule.kind === 'always'
}

/** The longest run, in ms of real time: the service is in memory, so a longer run hangs. */
const LONGEST_RUN = 5000

/** The error of a run that did not end in time. */
export class RunTimeout extends Error {
  override readonly name = 'RunTimeout'
}

/** The polls of one stream from its start: its jobs keep their state, as they do on a log. */
export class Polls {
  readonly #stream: Stream
  readonly #accept: Accept
  readonly #states: ReadonlyMap<Job, MemoryState>

  constructor(stream: Stream, accept: Accept) {
    this.#stream = stream
    this.#accept = accept
    this.#states = new Map(stream.jobs.map((job) => [job, new MemoryState()]))
  }

  /**
   * Runs each job once in this world, in sequence; rejects with an error that names the first failing job. An endless job
   * runs until `push` has sent everything.
   */
  async poll(world: World, push?: Push): Promise<void> {
    for (const job of this.#stream.jobs) {
      const run = () => (isEndless(job) ? this.#receive(job, world, push) : this.#run(job, world))
      await withFixedDate(world.now(), run).catch((error) => {
        if (error instanceof RunTimeout) throw error
        throw new Error(`the run of job ${job.name} failed: ${asError(error).message}`, { cause: error })
      })
    }
  }

  async #receive(job: Job, world: World, push: Push = async () => undefined): Promise<void> {
    const enough = new AbortController()
    const over = new AbortController()
    const run = this.#run(job, world, enough.signal).finally(() => over.abort())
    const sent = push({ now: world.now(), signal: over.signal }).then(() => true)
    // If the run fails first, its error counts.
    sent.catch(() => undefined)
    try {
      const isSent = await Promise.race([sent, run.then(() => false)])
      if (!isSent) throw new Error('it ended before its service had sent everything')
    } finally {
      enough.abort()
      await run
    }
  }

  async #run(job: Job, world: World, asked?: AbortSignal): Promise<void> {
    const outlet = new MemoryOutlet(job, this.#states.get(job) ?? new MemoryState(), this.#accept)
    const slot = { at: new Date(world.now()) }
    const context = { ...world, logger: silentLogger }
    const limited = { ...job, settings: { ...job.settings, timeout: LONGEST_RUN } }
    const { signal: abort } = new AbortController()
    const { status, error } = await runAttempt(limited, {
      slot,
      attempt: 1,
      late: 0,
      outlet,
      clock: systemClock,
      context,
      abort,
      ...(asked === undefined ? {} : { asked: [asked] }),
    })
    if (status === 'abandoned') throw new RunTimeout(`the run of job ${job.name} did not end within ${LONGEST_RUN} ms`)
    if (error !== undefined) throw error
  }
}
