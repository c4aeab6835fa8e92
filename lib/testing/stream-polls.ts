import type { Stream } from '../agent/define/stream.ts'
import { systemClock } from '../core/clock.ts'
import { asError } from '../core/errors.ts'
import type { Draft, Receipt } from '../core/event.ts'
import { silentLogger } from '../core/logger.ts'
import { Publisher } from '../core/publisher.ts'
import { withTimeLimit } from '../core/time-limit.ts'
import type { World } from '../core/world.ts'
import { execute } from '../job/execute.ts'
import type { Job } from '../job/job.ts'
import { MemoryState } from '../job/memory-state.ts'
import type { Writes } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { atHour } from './law-hour.ts'

/** Decides about a draft, as a log does; rejects if the log rejects the draft. */
export type Accept = (draft: Draft) => Promise<Receipt>

/** The longest run, in ms of real time: the service is in memory, so a longer run hangs. */
const PATIENCE = 5000

async function* nothing(): AsyncGenerator<never> {}

/** A run that did not end in time. */
export class RunLate extends Error {
  override readonly name = 'RunLate'
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

  /** Runs each job once in this world, in sequence; rejects with an error that names the first failing job. */
  async poll(world: World): Promise<void> {
    for (const job of this.#stream.jobs) {
      await atHour(world.now(), () => this.#run(job, world)).catch((error) => {
        if (error instanceof RunLate) throw error
        throw new Error(`the run of job ${job.name} failed: ${asError(error).message}`, { cause: error })
      })
    }
  }

  async #run(job: Job, world: World): Promise<void> {
    const kept = this.#states.get(job) ?? new MemoryState()
    const publisher = new Publisher(this.#accept)
    const save = (writes: Writes): Promise<void> => publisher.save(async () => kept.keep(writes))
    const state = new StateBuffer(kept, job.name, save)
    const finish = async (last: Draft | undefined): Promise<void> => {
      if (last !== undefined) await this.#accept(last)
      kept.keep(state.writes())
    }
    const late = (): Error => new RunLate(`the run of job ${job.name} did not end within ${PATIENCE} ms`)
    try {
      await withTimeLimit({ clock: systemClock, timeout: PATIENCE, signals: [], late }, (signal) => {
        const { publish } = publisher
        const slot = new Date(world.now())
        const own = { slot, events: nothing, late: 0, attempt: 1, state, publish, signal, logger: silentLogger }
        return execute({ job, publisher, finish, context: { ...world, ...own } })
      })
    } finally {
      publisher.end(`the run of job ${job.name}`)
    }
  }
}
