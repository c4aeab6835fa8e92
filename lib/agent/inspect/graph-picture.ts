import type { Graph, GraphNode } from './graph.ts'

/** Fewer idle types of a job than this stay apart. */
const MANY = 3

/**
 * The graph as pictures show it. The types of a job that no listener hears, and that the log has not seen, become one
 * node: a stream may publish twenty types, of which an agent uses two.
 */
export function pictured(graph: Graph): Graph {
  const { nodes, edges } = graph
  const isIdle = ({ id, kind, events = 0 }: GraphNode): boolean =>
    kind === 'event' && events === 0 && edges.filter(({ from, to }) => from === id || to === id).length === 1
  const idle = new Set(nodes.filter(isIdle).map(({ id }) => id))
  const jobs = new Map<string, string[]>()
  for (const { from, to, kind } of edges) {
    if (kind === 'publishes' && idle.has(to)) jobs.set(from, [...(jobs.get(from) ?? []), to])
  }
  const folds = [...jobs].filter(([, types]) => types.length >= MANY)
  const folded = new Set(folds.flatMap(([, types]) => types))
  const rest = folds.map(([job, types]) => ({ job, id: `event of ${job}`, name: `${types.length} types unheard` }))
  return {
    ...graph,
    nodes: [
      ...nodes.filter(({ id }) => !folded.has(id)),
      ...rest.map(({ id, name }) => ({ id, kind: 'event' as const, name })),
    ],
    edges: [
      ...edges.filter(({ to }) => !folded.has(to)),
      ...rest.map(({ job, id }) => ({ from: job, to: id, kind: 'publishes' as const })),
    ],
  }
}
