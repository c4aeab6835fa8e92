import type { Graph } from '../types.ts'

type Node = Graph['nodes'][number]

/** The graph in three columns, each in an order in which few lines cross. */
export type Columns = Readonly<Record<Node['kind'], readonly Node[]>>

/** How often the columns are put in order by each other. */
const ROUNDS = 4

/** Puts each column in the order of the middle of its neighbours. */
export function columnsOf({ nodes, edges }: Graph): Columns {
  const of = (kind: Node['kind']): Node[] => nodes.filter((node) => node.kind === kind)
  const columns: Record<Node['kind'], Node[]> = { job: of('job'), event: of('event'), listener: of('listener') }
  const near = new Map<string, string[]>()
  for (const { from, to, kind } of edges) {
    // What listeners publish goes back, whatever the order.
    if (kind === 'causes') continue
    near.set(from, [...(near.get(from) ?? []), to])
    near.set(to, [...(near.get(to) ?? []), from])
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const kind of ['event', 'job', 'listener'] as const) {
      const places = new Map(
        Object.values(columns).flatMap((column) => column.map(({ id }, i) => [id, i / column.length] as const)),
      )
      const middle = ({ id }: Node): number => {
        const all = (near.get(id) ?? []).map((other) => places.get(other) ?? 0)
        return all.length === 0 ? 1 : all.reduce((a, b) => a + b) / all.length
      }
      columns[kind].sort((a, b) => middle(a) - middle(b))
    }
  return columns
}
