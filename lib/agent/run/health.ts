import { quote } from '../../core/errors.ts'
import { shellWord } from '../../core/escape.ts'
import type { RunRow } from '../../job/run-report.ts'
import type { Lag } from '../../log/port.ts'
import type { AgentRow } from './agent-row.ts'

/** The health of a job, as JSON. Times are ISO 8601 strings. Without a running agent, it has only what the log knows. */
export interface JobHealth {
  /** The name of the job. */
  readonly name: string
  /** The schedule, in words. */
  readonly schedule?: string
  /** Whether a run is in progress. */
  readonly running?: boolean
  /** Present while the job is paused. */
  readonly paused?: true
  /** Present while another agent on the log drives the job. */
  readonly standby?: true
  /** Why a run cancelled the job, if that paused it. */
  readonly reason?: string
  /** When the job runs next; absent if paused or unknown. */
  readonly next?: string
  /** By when the next run has ended or is abandoned; absent without a timeout. */
  readonly expectedBy?: string
  /** The newest settled slot. */
  readonly lastSlot?: string
  /** The last run since the agent started. */
  readonly last?: RunRow
  /** A slot that passed an interval ago, or a minute, without a started run. */
  readonly overdue?: string
  /** No run starts before this time, although the schedule has slots: they were settled while the clock was ahead. */
  readonly restsUntil?: string
  /** How many drafts are held until a person releases or discards them; absent if none are. */
  readonly held?: number
  /** Since when. */
  readonly heldSince?: string
  /** Why the job stopped working. */
  readonly failure?: string
}

/** The health of a listener, as JSON. Times are ISO 8601 strings. */
export interface ListenerHealth extends Lag {
  /** The name of the listener. */
  readonly name: string
  /** Present while the listener is paused. */
  readonly paused?: true
  /** Present while another agent on the log handles the listener: its numbers are what this agent knew before. */
  readonly standby?: true
  /** When the oldest unhandled event was accepted. */
  readonly oldest?: string
  /**
   * The listener has events and makes no progress: for twice the timeout of a delivery, or a minute without any
   * delivery.
   */
  readonly stuck?: boolean
  /**
   * Why the listener receives no events now. It restarts by itself, unless the log is closed or another agent has taken
   * the listener over.
   */
  readonly failure?: string
  /** The log refuses to open the listener, because its `from` lies far beyond the end of the log. */
  readonly refused?: true
}

/** The health of the log. */
export interface LogHealth {
  /** Whether the log works, has failed, or is closed. */
  readonly state: 'ready' | 'failed' | 'closed'
  /** The seq of its newest event; absent while the log has failed. */
  readonly last?: number
}

/** The health of agent and log, as JSON. */
export interface Health {
  /** Whether an agent runs on the log. */
  readonly running: boolean
  /** The name of the agent. */
  readonly agent?: string
  /** The process id of the agent. */
  readonly pid?: number
  /** When the agent started, as an ISO 8601 string. */
  readonly since?: string
  /** The time zone of the agent: the one of its options, else that of its process. */
  readonly timezone?: string
  /** When its code was loaded again, as an ISO 8601 string; absent if it runs the code that it started with. */
  readonly loaded?: string
  /** The agents that share the log; absent where one process owns it. */
  readonly agents?: readonly AgentRow[]
  /** What differs between those agents and should not, one sentence each. */
  readonly surprises?: readonly string[]
  /** The health of the log. */
  readonly log: LogHealth
  /** The health of each job. */
  readonly jobs: readonly JobHealth[]
  /** The health of each listener. */
  readonly listeners: readonly ListenerHealth[]
  /** The problems, one sentence each; empty if all is well. */
  readonly problems: readonly string[]
}

/** Whether an agent works, as far as it knows without reading its log, as JSON. */
export interface AgentHealth {
  /** Whether the agent runs, does not stop, and has a log that works. */
  readonly healthy: boolean
  /** What the agent does. */
  readonly state: 'running' | 'stopping' | 'stopped'
  /** The name of the agent. */
  readonly agent?: string
  /** The process id of the agent. */
  readonly pid?: number
  /** When the agent started, as an ISO 8601 string. */
  readonly since?: string
  /** The time zone of the agent: the one of its options, else that of its process. */
  readonly timezone?: string
  /** The state of the log. */
  readonly log: LogHealth['state']
  /** Why it is not healthy, one sentence each. */
  readonly problems: readonly string[]
}

const STATES = { failed: 'has failed', closed: 'is closed' } as const

/** Describes the problems, one sentence each. */
export function problemsOf({ running, log, jobs, listeners }: Omit<Health, 'problems'>): string[] {
  return [
    ...(running ? [] : ['no agent runs on this log']),
    ...(log.state === 'ready' ? [] : [`the log ${STATES[log.state]} and accepts no reads or writes`]),
    ...jobs.flatMap(({ name, overdue, restsUntil, failure }) => {
      const job = `job ${quote(name)}`
      if (failure !== undefined) return [`${job} no longer runs: ${failure}`]
      if (restsUntil !== undefined) {
        const why = 'its slots were settled when the clock was ahead'
        return [`${job} rests until ${restsUntil}: ${why}; tidings jobs reset ${shellWord(name)} restarts it now`]
      }
      return overdue === undefined ? [] : [`${job} is overdue: no run began for its slot of ${overdue}`]
    }),
    ...jobs.flatMap(floodOf),
    ...listeners.flatMap(({ name, behind, running: handling, stuck, failure, refused }) => {
      const listener = `listener ${quote(name)}`
      if (failure !== undefined) {
        return [`${listener} ${refused ? 'does not start' : 'receives no events'}: ${failure}`]
      }
      return stuck ? [`${listener} is stuck: it makes no progress, with ${behind + handling} events to handle`] : []
    }),
  ]
}

/** Describes a flood: it waits for a person, and a restart does not help. */
function floodOf({ name, held, heldSince }: Pick<JobHealth, 'name' | 'held' | 'heldSince'>): string[] {
  if (held === undefined) return []
  const what = `job ${quote(name)} holds ${held} ${held === 1 ? 'draft' : 'drafts'} since ${heldSince}`
  return [
    `${what}, as nearly all of a poll was new: tidings jobs release ${shellWord(name)} tells them, discard records them untold`,
  ]
}
