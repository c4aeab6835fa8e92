import { quote, TidingsError } from '../../core/errors.ts'
import { history, type RunRow, runRow } from '../../job/history.ts'
import type { Log } from '../../log/port.ts'
import type { Helm } from '../helm.ts'
import { setPaused } from '../pauses.ts'
import { checkJob } from './known.ts'
import { type JobRow, jobRows } from './rows.ts'

/** What became of a pause, or of its end. `changed`: false when it was so already. */
export interface PauseAnswer {
  readonly name: string
  readonly paused: boolean
  readonly changed: boolean
}

/** How a job ran that was asked to. Without `run` it did not: it runs already. */
export interface RunAnswer {
  readonly name: string
  readonly run?: RunRow
}

/** What can be asked of jobs, and done with them. A name that the log does not know is refused. */
export interface JobOperations {
  list(): Promise<readonly JobRow[]>
  /** What became of its slots, the newest first; `limit`: at most so many, default all that the log remembers. */
  history(name: string, question?: { readonly limit?: number }): Promise<readonly RunRow[]>
  /** Runs a job now, beside its schedule; resolves when it has ended. Only where an agent runs. */
  run(name: string): Promise<RunAnswer>
  /** Its schedule starts no run until it is resumed, also after a restart. */
  pause(name: string): Promise<PauseAnswer>
  /** What passed meanwhile counts as missed. */
  resume(name: string): Promise<PauseAnswer>
}

export function jobOperations(log: Log, helm?: Helm): JobOperations {
  const pause = async (name: string, paused: boolean): Promise<PauseAnswer> => {
    await checkJob(log, name)
    const changed = await setPaused(log, 'job', name, paused)
    helm?.pause('job', name, paused)
    return { name, paused, changed }
  }
  return {
    list: () => jobRows(log),
    history: async (name, { limit } = {}) => {
      await checkJob(log, name)
      const rows: RunRow[] = []
      const newest = { reverse: true, ...(limit === undefined ? {} : { limit }) }
      for await (const row of history(log, name, newest)) rows.push(row)
      return rows
    },
    pause: (name) => pause(name, true),
    resume: (name) => pause(name, false),
    run: async (name) => {
      await checkJob(log, name)
      if (helm === undefined) throw nobody(name)
      const report = await helm.trigger(name)
      return report === undefined ? { name } : { name, run: runRow(report, (text) => helm.scrub(text)) }
    },
  }
}

function nobody(name: string): TidingsError {
  const job = /^[\w.-]+$/.test(name) ? name : quote(name)
  const how = `start it with tidings run FILE, or run the job once with tidings run FILE --once --only ${job}`
  return new TidingsError('TIDINGS_AGENT_INVALID', `no agent runs on this log: ${how}`, { details: { job: name } })
}
