import type { Log } from '../../log/port.ts'
import type { AgentControl } from './agent-control.ts'

/** The agents that run in this process, by their log, the oldest first. */
const agents = new WeakMap<Log, readonly AgentControl[]>()

/** The agents that run on this log in this process, the oldest first. */
export function agentsHere(log: Log): readonly AgentControl[] {
  return agents.get(log) ?? []
}

/** Makes the agent known to `agentsHere`. Returns a function that ends this. */
export function enter(log: Log, agent: AgentControl): () => void {
  agents.set(log, [...agentsHere(log), agent])
  return () => {
    agents.set(
      log,
      agentsHere(log).filter((each) => each !== agent),
    )
  }
}
