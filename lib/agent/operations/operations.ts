import type { Log } from '../../log/port.ts'
import type { Flow } from '../inspect/seen.ts'
import type { WhyAnswer } from '../inspect/why-answer.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type Attention, attentionOf } from '../run/attention.ts'
import type { AgentHealth, Health } from '../run/health.ts'
import type { Code } from '../run/job-code.ts'
import type { Reloaded } from '../run/reloaded.ts'
import { type AgentOperations, agentOperations, present } from './agents.ts'
import { type DbOperations, dbOperations } from './db.ts'
import { type EventOperations, eventOperations } from './events.ts'
import { flowOf } from './flow.ts'
import { type LiveGraph, liveGraph } from './graph.ts'
import { agentHealthOf, healthOf, partsAsLeft } from './health.ts'
import { type JobOperations, jobOperations } from './jobs.ts'
import { type ListenerOperations, listenerOperations } from './listeners.ts'
import { type LiveBatch, LiveFeed, type LiveQuestion } from './live.ts'
import { Metrics } from './metrics.ts'
import { type ParkedOperations, parkedOperations } from './parked.ts'
import { type ReplayOperations, replayOperations } from './replay.ts'
import { type RetryingOperations, retryingOperations } from './retrying.ts'
import { type TypeOperations, typeOperations } from './types.ts'
import { whyOf } from './why.ts'

/**
 * The operations on a log, from outside the process that runs on it. Input and output are plain JSON: a running agent
 * serves the same operations, and they take effect at once.
 */
export interface Operations {
  /** Operations on events. */
  readonly events: EventOperations
  /** Operations on types of events. */
  readonly types: TypeOperations
  /** Operations on jobs. */
  readonly jobs: JobOperations
  /** Operations on listeners. */
  readonly listeners: ListenerOperations
  /** Operations on parked events. */
  readonly parked: ParkedOperations
  /** Operations on events that wait for another attempt. */
  readonly retrying: RetryingOperations
  /** Operations that tell stored events to a listener. */
  readonly replay: ReplayOperations
  /** Maintenance of the log. */
  readonly db: DbOperations
  /** Operations on the agents of the log. */
  readonly agents: AgentOperations
  /** The health of agent and log. Also answers while the log has failed. */
  status(): Promise<Health>
  /** Loads the code of the running agent again; resolves to what has changed. See `Running.reload`. */
  reload(): Promise<Reloaded>
  /** Whether the agent works: it runs, it does not stop, and its log accepts writes. Cheap, as nothing is read. */
  health(): Promise<AgentHealth>
  /** What needs a person: with a running agent or without, and also while the log has failed. See `Running.attention`. */
  attention(): Promise<readonly Attention[]>
  /** How the events of the log have flowed: from which jobs and causes, and past which listeners. Reads the whole log. */
  flow(): Promise<Flow>
  /**
   * Jobs, event types and listeners, and how many events went from one to the other since the agent started. Reads at most
   * the newest 10 000 events, and those only if no agent runs.
   */
  graph(): Promise<LiveGraph>
  /** Numbers about the log and the agent that runs on it, in the text format of Prometheus. */
  metrics(): Promise<string>
  /**
   * What happens, in batches: every 250 ms, while something does, the number of events by type, the newest of them, and
   * which jobs and listeners have changed. Ends when the signal aborts or the log is closed.
   */
  live(question: LiveQuestion, signal: AbortSignal): AsyncIterable<LiveBatch>
  /**
   * What the log knows about an event at a listener: what became of its draft, and how far its delivery is. The event is
   * named by its seq, or as `type:identifier`.
   */
  why(event: string, listener: string): Promise<WhyAnswer>
}

/**
 * The operations on a log, and on the agent that runs on it. `code`: the jobs on the log, if no agent runs. `all`: what all
 * agents on it do, if there may be several.
 */
export function operationsOf(log: Log, agent?: AgentControl, code?: Code, all?: () => Promise<Health>): Operations {
  const parked = parkedOperations(log, agent)
  const feed = new LiveFeed(log, agent)
  const metrics = new Metrics(log, agent, all)
  return {
    events: eventOperations(log, agent),
    types: typeOperations(log),
    jobs: jobOperations(log, agent, code),
    listeners: listenerOperations(log, agent),
    parked,
    retrying: retryingOperations(log, agent),
    replay: replayOperations(log, agent),
    db: dbOperations(log),
    agents: agentOperations(log, agent),
    status: () => healthOf(log, agent),
    reload: async () => present(agent).reload(),
    health: async () => agentHealthOf(log, agent),
    attention: async () => attentionOf(log, await (all?.() ?? agent?.health() ?? partsOf(log))),
    flow: () => flowOf(log, parked.list()),
    metrics: () => metrics.text(),
    graph: () => liveGraph(log, agent),
    live: (question, signal) => feed.watch(question, signal),
    why: (event, listener) => whyOf(log, agent, event, listener),
  }
}

// A log that has failed can't be read.
async function partsOf(log: Log): ReturnType<typeof partsAsLeft> {
  return log.state === 'ready' ? partsAsLeft(log) : { jobs: [], listeners: [] }
}
