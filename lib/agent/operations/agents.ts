import { hostname } from 'node:os'
import { asError, TidingsError } from '../../core/errors.ts'
import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { AgentRow } from '../run/agent-row.ts'
import { packageVersion } from '../run/package-version.ts'
import type { Reloaded } from '../run/reloaded.ts'

/** Operations on the agents of a log. */
export interface AgentOperations {
  /** The agents that run on the log, in the order in which they started. */
  list(): Promise<readonly AgentRow[]>
  /**
   * What differs between the agents and should not, one sentence each: a job or listener that some don't know, a schedule, a
   * clock, an agent that runs twice on a machine. Empty where one process owns the log.
   */
  surprises(): Promise<readonly string[]>
  /** Lets each agent load its own code again, one after the other. What one answers is in its row, also if it fails. */
  reload(): Promise<readonly AgentReload[]>
}

/** How an agent on a log has taken a reload. */
export interface AgentReload extends Pick<AgentRow, 'agent' | 'host' | 'pid'> {
  /** What has changed; absent if it failed. */
  readonly reloaded?: Reloaded
  /** Why it failed: the agent runs on as before. */
  readonly error?: string
}

/** Where one process owns the log, there is one agent at most. */
export function agentOperations(log: Log, agent: AgentControl | undefined): AgentOperations {
  const list = async (): Promise<readonly AgentRow[]> =>
    agent === undefined ? [] : [agentRow(agent, log.id, log.clock.now())]
  return {
    list,
    surprises: async () => [],
    reload: async () => reloads(await list(), async () => present(agent).reload()),
  }
}

/** Lets agents load their code again, in turn: the others do the work of the one that does. */
export async function reloads(
  rows: readonly AgentRow[],
  reload: (row: AgentRow) => Promise<Reloaded>,
): Promise<readonly AgentReload[]> {
  const answers: AgentReload[] = []
  for (const row of rows) {
    const { agent, host, pid } = row
    const answer = await reload(row).then(
      (reloaded) => ({ reloaded }),
      (error: unknown) => ({ error: asError(error).message }),
    )
    answers.push({ agent, host, pid, ...answer })
  }
  return answers
}

/**
 * The agent that runs on a log.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` if none does
 */
export function present(agent: AgentControl | undefined): AgentControl {
  if (agent !== undefined) return agent
  throw new TidingsError('TIDINGS_AGENT_INVALID', 'no agent runs on this log: start it with tidings run FILE')
}

/** The row of an agent of this process. `seen`: in ms since the epoch. */
export function agentRow(agent: AgentControl, id: string, seen: number): AgentRow {
  return {
    id,
    agent: agent.agent,
    host: hostname(),
    pid: process.pid,
    version: packageVersion(),
    since: agent.since.toISOString(),
    seen: new Date(seen).toISOString(),
    ...agent.held(),
  }
}
