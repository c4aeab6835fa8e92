import { defined } from '../../core/defined.ts'
import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type AgentHealth, type Health, type JobHealth, type ListenerHealth, problemsOf } from '../run/health.ts'
import { jobRows, listenerRows } from './rows.ts'

/** Whether the agent works. Reads nothing, so it also answers while the disk does not. */
export function agentHealthOf(log: Log, agent?: AgentControl): AgentHealth {
  const problems = [
    ...problemsOf({ running: agent !== undefined, log: { state: log.state }, jobs: [], listeners: [] }),
    ...(agent?.stopping ? ['the agent is stopping'] : []),
  ]
  return {
    healthy: problems.length === 0,
    state: agent === undefined ? 'stopped' : agent.stopping ? 'stopping' : 'running',
    ...identityOf(agent),
    log: log.state,
    problems,
  }
}

function identityOf(agent: AgentControl | undefined): Pick<Health, 'agent' | 'pid' | 'since' | 'timezone'> {
  if (agent === undefined) return {}
  const { since, timezone } = agent
  return { agent: agent.agent, pid: process.pid, since: since.toISOString(), timezone }
}

/** The health as the running agent knows it, or as the log was left. Never rejects because the log has failed. */
export async function healthOf(log: Log, agent?: AgentControl): Promise<Health> {
  const last = await log.last().catch(() => undefined)
  const health: Omit<Health, 'problems'> = {
    running: agent !== undefined,
    ...identityOf(agent),
    ...(agent === undefined || agent.loaded === agent.since ? {} : { loaded: agent.loaded.toISOString() }),
    log: { state: log.state, ...defined({ last }) },
    ...(agent === undefined ? await partsAsLeft(log) : await asKnown(log, agent)),
  }
  return { ...health, problems: problemsOf(health) }
}

type Parts = Pick<Health, 'jobs' | 'listeners'>

async function asKnown(log: Log, agent: AgentControl): Promise<Parts> {
  const { jobs, listeners } = await agent.health()
  const rows = await jobRows(log).catch(() => [])
  const known = new Map(rows.map(({ name, firstSeen: _, succeeded: __, paused: ___, ...row }) => [name, row]))
  // In the order of the log, so that the answer is the same with and without an agent.
  return {
    jobs: byName(jobs.map((job): JobHealth => ({ ...job, ...known.get(job.name) }))),
    listeners: byName(listeners),
  }
}

/** The jobs and listeners as the log was left. */
export async function partsAsLeft(log: Log): Promise<Parts> {
  const jobs = (await jobRows(log)).map(({ firstSeen: _, succeeded: __, ...job }): JobHealth => job)
  const listeners = (await listenerRows(log)).map(
    ({ cursor: _, created: __, orphaned: ___, types: ____, rate: _____, ...listener }): ListenerHealth => listener,
  )
  return { jobs, listeners }
}

function byName<T extends { readonly name: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
