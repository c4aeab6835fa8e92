import { hostname } from 'node:os'
import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { AgentRow } from '../run/agent-row.ts'

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
