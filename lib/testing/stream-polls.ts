import type { Stream } from '../agent/define/stream.ts'
import { systemClock } from '../core/clock.ts'
import { asError } from '../core/errors.ts'
import type { Draft, Receipt } from '../core/event.ts'
import { silentLogger } from '../core/logger.ts'
import type { World } from '../core/world.ts'
import type { Job } from '../job/job.ts'
import { runAttempt } from '../job/run-loop.ts'
import { MemoryOutlet, MemoryState } from '../job/run-once.ts'
import type { Writes } from '../log/port.ts'
import { withFixedDate } from './fixed-date.ts'
import { apart } from './left-running.ts'
import { LONGEST } from './patience.ts'
import { StreamProcess } from './stream-process.ts'

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

/** The error of a run that did not end in time. */
export class RunTimeout extends Error {
  override readonly name = 'RunTimeout'
}

/** The polls of one stream from its start: its jobs keep their state, as they do on a log. */
export class Polls {
  readonly #stream: Stream
  readonly #accept: Accept
  /** By the names of the jobs. */
  readonly #states: ReadonlyMap<string, MemoryState>

  /** `before`: the polls of the process before, whose state is in the log. */
  constructor(stream: Stream, accept: Accept, before?: Polls) {
    this.#stream = stream
    this.#accept = accept
    this.#states =
      before === undefined ? new Map(stream.jobs.map(({ name }) => [name, new MemoryState()])) : before.#states
  }

  /** Returns the polls of a process that starts after this one; `stream` is a new one. */
  restarted(stream: Stream): Polls {
    return new Polls(stream, this.#accept, this)
  }

  /**
   * Runs each job once in this world, in sequence; rejects with an error that names the first failing job. An endless job
   * runs until `push` has sent everything. Resolves when the process is over.
   */
  async poll(world: World, push?: Push, process = new StreamProcess()): Promise<void> {
    const seen = process.worldOf(world)
    for (const job of this.#stream.jobs) {
      if (process.isOver) return
      const run = () => (isEndless(job) ? this.#receive(job, seen, process, push) : this.#run(job, seen, process))
      await withFixedDate(world.now(), run).catch((error) => {
        if (error instanceof RunTimeout) throw error
        if (process.isOver) return
        throw new Error(`the run of job ${job.name} failed: ${asError(error).message}`, { cause: error })
      })
    }
  }

  async #receive(job: Job, world: World, process: StreamProcess, push: Push = async () => undefined): Promise<void> {
    const enough = new AbortController()
    const over = new AbortController()
    const run = this.#run(job, world, process, enough.signal).finally(() => over.abort())
    const sent = apart(() => push({ now: world.now(), signal: over.signal })).then(() => true)
    // If the run fails first, its error counts.
    sent.catch(() => undefined)
    try {
      const isSent = await Promise.race([sent, run.then(() => false)])
      if (!isSent && !process.isOver) throw new Error('it ended before its service had sent everything')
    } finally {
      enough.abort()
      await run
    }
  }

  async #run(job: Job, world: World, process: StreamProcess, asked?: AbortSignal): Promise<void> {
    const outlet = new MortalOutlet(job, this.#states.get(job.name) ?? new MemoryState(), this.#accept, process)
    const slot = { at: new Date(world.now()) }
    const context = { ...world, logger: silentLogger }
    const limited = { ...job, settings: { ...job.settings, timeout: LONGEST } }
    const { signal: abort } = process
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
    if (process.isOver) return
    if (status === 'abandoned') throw new RunTimeout(`the run of job ${job.name} did not end within ${LONGEST} ms`)
    if (error !== undefined) throw error
  }
}

/** The outlet of a run in a process that may die. What it stores in one step is stored as a whole or not at all. */
class MortalOutlet extends MemoryOutlet {
  readonly #accept: Accept
  readonly #process: StreamProcess

  constructor(job: Job, state: MemoryState, accept: Accept, process: StreamProcess) {
    const offer: Accept = async (draft) => {
      await process.step()
      const receipt = await accept(draft)
      await process.step()
      return receipt
    }
    super(job, state, offer)
    this.#accept = accept
    this.#process = process
  }

  override async save(state: Writes): Promise<void> {
    await this.#process.step()
    await super.save(state)
    await this.#process.step()
  }

  override async finish(last: Draft | undefined, state: Writes): Promise<void> {
    await this.#process.step()
    if (last !== undefined) await this.#accept(last)
    this.stored.keep(state)
  }
}
