import { hostname } from 'node:os'
import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'

/** An agent on a log. */
export interface AgentRow {
  /** Unique to this start of the agent. */
  readonly id: string
  /** The name of the agent. */
  readonly agent: string
  /** The machine. */
  readonly host: string
  /** The process on that machine. */
  readonly pid: number
  /** When it started, as an ISO 8601 string. */
  readonly since: string
  /** When it last said that it is there, as an ISO 8601 string. */
  readonly seen: string
  /** The jobs that it drives. */
  readonly jobs: readonly string[]
  /** The listeners that it handles. */
  readonly listeners: readonly string[]
}

/** Operations on the agents of a log. */
export interface AgentOperations {
  /** The agents that run on the log, in the order in which they started. */
  list(): Promise<readonly AgentRow[]>
}

/** Where one process owns the log, there is one agent at most. */
export function agentOperations(log: Log, agent: AgentControl | undefined): AgentOperations {
  return { list: async () => (agent === undefined ? [] : [agentRow(agent, log.id, log.clock.now())]) }
}

/** The row of an agent of this process. `seen`: in ms since the epoch. */
export function agentRow(agent: AgentControl, id: string, seen: number): AgentRow {
  return {
    id,
    agent: agent.agent,
    host: hostname(),
    pid: process.pid,
    since: agent.since.toISOString(),
    seen: new Date(seen).toISOString(),
    ...agent.held(),
  }
}
