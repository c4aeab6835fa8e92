import { quote } from '../core/errors.ts'
import type { RunRow } from '../job/history.ts'
import type { Lag } from '../log/port.ts'

/**
 * How a job is, as JSON. Without an agent that runs, only what the log knows.
 *
 * - `next`, `expectedBy`: when it runs next, and by when that run has ended, or is abandoned
 */
export interface JobHealth {
  readonly name: string
  readonly schedule?: string
  readonly running?: boolean
  readonly paused?: true
  /** Why a run cancelled it, where that is why it is paused. */
  readonly reason?: string
  readonly next?: string
  readonly expectedBy?: string
  /** The newest slot that is done with. */
  readonly lastSlot?: string
  /** The last run since the agent started. */
  readonly last?: RunRow
  /** A slot that passed an interval ago, or a minute, without a run that began. */
  readonly overdue?: string
  /** No run begins before, although its schedule names slots: they were settled when the clock was ahead. */
  readonly restsUntil?: string
  /** Why it runs no more. */
  readonly failure?: string
}

/** How a listener is, as JSON. */
export interface ListenerHealth extends Lag {
  readonly name: string
  readonly paused?: true
  /** When the oldest event that it has not handled was accepted. */
  readonly oldest?: string
  /**
   * There are events for it, and it gets nowhere: for twice as long as a delivery may take, or a minute without any.
   */
  readonly stuck?: boolean
  /** Why it hears nothing now; unless the log is closed, it begins again by itself. */
  readonly failure?: string
  /** It does not, because its `from` lies far beyond the end of the log. */
  readonly refused?: true
}

/** How the log is. `last`: the seq of its newest event; absent while it has failed. */
export interface LogHealth {
  readonly state: 'ready' | 'failed' | 'closed'
  readonly last?: number
}

/** How all is, as JSON. `problems`: what is not well, in sentences; none: all is well. */
export interface Health {
  readonly running: boolean
  readonly agent?: string
  readonly pid?: number
  readonly since?: string
  readonly log: LogHealth
  readonly jobs: readonly JobHealth[]
  readonly listeners: readonly ListenerHealth[]
  readonly problems: readonly string[]
}

/** What is not well, in sentences. */
export function problemsOf({ running, log, jobs, listeners }: Omit<Health, 'problems'>): string[] {
  return [
    ...(running ? [] : ['no agent runs on this log']),
    ...(log.state === 'ready' ? [] : [`the log has ${log.state}: it takes nothing, and tells nothing`]),
    ...jobs.flatMap(({ name, overdue, restsUntil, failure }) => {
      const job = `job ${quote(name)}`
      if (failure !== undefined) return [`${job} runs no more: ${failure}`]
      if (restsUntil !== undefined) {
        const why = 'its slots were settled when the clock was ahead'
        return [`${job} rests until ${restsUntil}: ${why}; tidings jobs reset ${name} begins it now`]
      }
      return overdue === undefined ? [] : [`${job} is overdue: no run began for its slot of ${overdue}`]
    }),
    ...listeners.flatMap(({ name, behind, running: handling, stuck, failure, refused }) => {
      const listener = `listener ${quote(name)}`
      if (failure !== undefined) {
        const begins = refused ? 'does not start' : 'has stopped, and begins again'
        const what = log.state === 'closed' ? 'hears no more' : begins
        return [`${listener} ${what}: ${failure}`]
      }
      return stuck
        ? [`${listener} is stuck: it settles none of the ${behind + handling} events that it has to handle`]
        : []
    }),
  ]
}
