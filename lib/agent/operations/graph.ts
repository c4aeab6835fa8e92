import { defined } from '../../core/defined.ts'
import { OTHER_TYPES } from '../../log/log-meter.ts'
import type { Log } from '../../log/port.ts'
import { type Graph, type GraphEdge, type GraphNode, graphOf } from '../inspect/graph.ts'
import type { EventFlow, ListenerFlow } from '../inspect/seen.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { jobRows, listenerRows } from './rows.ts'
import { type TypeRow, typeRows } from './types.ts'

/**
 * The jobs, event types and listeners on a log, and how events flow between them. Types have the number of their events in
 * the log; edges count since `since`.
 */
export interface LiveGraph extends Pick<Graph, 'nodes' | 'edges'> {
  /** The name of the agent; absent if none runs. */
  readonly agent?: string
  /** Since when edges count, in ISO format: the start of the agent. On a resting log, the oldest of the events that were read. */
  readonly since?: string
  /** How many types are left out: those with the fewest events; absent if none are. */
  readonly more?: number
}

/** The most types in a graph. */
const MOST_TYPES = 500

/** On a resting log, edges are counted among this many of the newest events. */
const MOST_EVENTS = 10_000

/** The graph as the running agent has counted it, or of the newest events of the log. Never reads more than those. */
export async function liveGraph(log: Log, agent?: AgentControl): Promise<LiveGraph> {
  const all = (await typeRows(log)).toSorted((a, b) => b.count - a.count)
  const rows = all.slice(0, MOST_TYPES)
  const more = all.length - rows.length
  return {
    ...(agent === undefined ? await atRest(log, rows) : await running(log, agent, rows)),
    ...(more > 0 && { more }),
  }
}

async function running(log: Log, agent: AgentControl, rows: readonly TypeRow[]): Promise<LiveGraph> {
  const { meter } = log
  const [jobs, parts] = [agent.jobs(), agent.listeners()]
  const { listeners } = await agent.health()
  const published = jobs.flatMap(({ name }) => rowsOf(meter.jobs.get(name)).map((row) => ({ ...row, job: name })))
  const heard: ListenerFlow[] = parts.flatMap(({ name }) =>
    Array.from(agent.meters.listeners.get(name)?.types ?? [], ([type, { settled, parked }]) => {
      return { listener: name, type, passed: settled, parked }
    }),
  )
  const flow = { events: [...published, ...without(rows, published)], listeners: heard }
  const drawn = graphOf({ name: agent.agent, jobs, listeners: parts }, { flow, listeners, jobs: [] })
  const answers = parts.flatMap(({ name }) =>
    rowsOf(meter.listeners.get(name)).map(({ type, count }): GraphEdge => {
      return { from: `listener ${name}`, to: `event ${type}`, kind: 'causes', events: count }
    }),
  )
  const known = new Set(drawn.nodes.map(({ id }) => id))
  const unheard = [...new Set(answers.map(({ to }) => to))].filter((id) => !known.has(id))
  return {
    agent: agent.agent,
    since: agent.since.toISOString(),
    nodes: [...drawn.nodes, ...unheard.map((id) => typeNode(id.slice('event '.length), rows))],
    edges: [...drawn.edges, ...answers],
  }
}

function rowsOf(counted: ReadonlyMap<string, number> | undefined): Pick<EventFlow, 'type' | 'count' | 'last'>[] {
  const rows = Array.from(counted ?? [], ([type, count]) => ({ type, count, last: 0 }))
  return rows.filter(({ type }) => type !== OTHER_TYPES)
}

// The events of each type that no job of the agent has published since it started.
function without(rows: readonly TypeRow[], published: readonly EventFlow[]): EventFlow[] {
  const counts = new Map<string, number>()
  for (const { type, count } of published) counts.set(type, (counts.get(type) ?? 0) + count)
  return rows.map(({ type, count, last = 0 }) => ({ type, count: Math.max(0, count - (counts.get(type) ?? 0)), last }))
}

function typeNode(type: string, rows: readonly TypeRow[]): GraphNode {
  const events = rows.find((row) => row.type === type)?.count ?? 0
  return { id: `event ${type}`, kind: 'event', name: type, events }
}

// A resting log does not know which types its listeners hear.
async function atRest(log: Log, rows: readonly TypeRow[]): Promise<LiveGraph> {
  const edges = new Map<string, { readonly job: string; readonly type: string; events: number }>()
  let since: number | undefined
  for await (const { job, type, created } of log.events({ reverse: true, limit: MOST_EVENTS })) {
    since = created
    if (job === undefined) continue
    const key = JSON.stringify([job, type])
    const edge = edges.get(key) ?? { job, type, events: 0 }
    edge.events += 1
    edges.set(key, edge)
  }
  const known = new Set(rows.map(({ type }) => type))
  const drawn = [...edges.values()].filter(({ type }) => known.has(type))
  const jobs = new Set([...(await jobRows(log)).map(({ name }) => name), ...drawn.map(({ job }) => job)])
  const listeners = await listenerRows(log)
  return {
    ...defined({ since: since === undefined ? undefined : new Date(since).toISOString() }),
    nodes: [
      ...[...jobs].sort().map((name): GraphNode => ({ id: `job ${name}`, kind: 'job', name })),
      ...rows.map(({ type }) => typeNode(type, rows)),
      ...listeners.map(({ name, behind, running: now, retrying, parked }): GraphNode => {
        const lag = { behind, running: now, retrying, parked }
        return { id: `listener ${name}`, kind: 'listener', name, lag }
      }),
    ],
    edges: drawn.map(({ job, type, events }): GraphEdge => {
      return { from: `job ${job}`, to: `event ${type}`, kind: 'publishes', events }
    }),
  }
}
