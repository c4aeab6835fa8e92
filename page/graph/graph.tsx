import { addressTo, addressWith, place } from '../address.ts'
import { api } from '../api.ts'
import { Missing, useAsked } from '../asked.tsx'
import { rates } from '../live.ts'
import { type Column, First, Table } from '../table.tsx'
import { amount, line } from '../text.ts'
import { Time } from '../time.tsx'
import type { Graph } from '../types.ts'
import { columnsOf } from './columns.ts'

type Node = Graph['nodes'][number]
type Edge = Graph['edges'][number]

/** The height of a row of the picture. */
const ROW = 30

const MOST = 200

/** The view of the way of events: jobs, types and listeners, as a picture and as a table. */
export function GraphView() {
  const asked = useAsked(api.graph, 'graph', { every: 10_000 })
  const isTable = place.value.question.as === 'table'
  const { value: graph } = asked
  return (
    <>
      <h1>graph</h1>
      <p class="bar">
        <a href={addressWith({ as: isTable ? undefined : 'table' })}>{isTable ? 'as a picture' : 'as a table'}</a>
      </p>
      <Missing asked={asked} />
      {graph?.since !== undefined && (
        <p class="quiet">
          counted since <Time at={graph.since} named />
          {graph.more !== undefined && `; ${amount(graph.more)} types with the fewest events are left out`}
        </p>
      )}
      {graph !== undefined && (isTable ? <Edges graph={graph} /> : <Picture graph={graph} />)}
    </>
  )
}

function Picture({ graph }: { readonly graph: Graph }) {
  const columns = Object.entries(columnsOf(graph))
  const height = Math.max(1, ...columns.map(([, nodes]) => nodes.length)) * ROW
  const places = new Map(
    columns.flatMap(([, nodes], column) => nodes.map(({ id }, i) => [id, { column, y: i * ROW + ROW / 2 }] as const)),
  )
  const line = ({ from, to }: Edge): string | undefined => {
    const [a, b] = [places.get(from), places.get(to)]
    if (a === undefined || b === undefined) return undefined
    // From the right side of a box to the left side of the next, in a picture 100 wide.
    const [x1, x2] = a.column < b.column ? [a.column * 36 + 28, b.column * 36] : [a.column * 36, b.column * 36 + 28]
    return `M${x1} ${a.y} C${(x1 + x2) / 2} ${a.y} ${(x1 + x2) / 2} ${b.y} ${x2} ${b.y}`
  }
  return (
    <>
      <div class="graph quiet" aria-hidden="true">
        <span>jobs</span>
        <span>types</span>
        <span>listeners</span>
      </div>
      <div class="graph">
        <svg viewBox={`0 0 100 ${height}`} height={height} preserveAspectRatio="none" aria-hidden="true">
          {graph.edges.map((edge) => (
            <path key={`${edge.kind} ${edge.from} ${edge.to}`} class={edge.kind} d={line(edge)} />
          ))}
        </svg>
        {columns.map(([kind, nodes]) => (
          <ul key={kind} aria-label={kind === 'event' ? 'types' : `${kind}s`}>
            {nodes.map((node) => (
              <li key={node.id}>
                <NodeBox node={node} />
              </li>
            ))}
          </ul>
        ))}
      </div>
    </>
  )
}

function NodeBox({ node }: { readonly node: Node }) {
  const { kind, name, events, lag } = node
  const address =
    kind === 'event' ? addressTo('events', { type: name }) : addressTo(kind === 'job' ? 'jobs' : 'listeners', { name })
  return (
    <a data-row href={address} title={line(name)}>
      <bdi>{line(name)}</bdi>
      <span class="quiet">
        {kind === 'event' && events !== undefined && ` ${amount(events)}${perMinute(name)}`}
        {lag !== undefined && lag.behind > 0 && ` ${amount(lag.behind)} behind`}
      </span>
      {lag !== undefined && lag.parked > 0 && <span class="bad"> ✕ {amount(lag.parked)} parked</span>}
    </a>
  )
}

function perMinute(type: string): string {
  const rate = rates.value.get(type)
  return rate === undefined || rate === 0 ? '' : `, ${amount(Math.ceil(rate * 60))}/min`
}

const words: Readonly<Record<Edge['kind'], string>> = {
  publishes: 'publishes',
  hears: 'is heard by',
  causes: 'publishes in answer',
}

function Edges({ graph }: { readonly graph: Graph }) {
  const names = new Map(graph.nodes.map(({ id, name }) => [id, name]))
  const columns: readonly Column<Edge>[] = [
    ['from', ({ from }) => <bdi>{line(names.get(from) ?? from)}</bdi>, 'name'],
    ['way', ({ kind, unsure }) => `${words[kind]}${unsure ? ', perhaps' : ''}`],
    ['to', ({ to }) => <bdi>{line(names.get(to) ?? to)}</bdi>],
    ['events', ({ events, passed }) => amount(events ?? passed ?? 0), 'number'],
    ['parked', ({ parked = 0 }) => parked > 0 && <span class="bad">{amount(parked)}</span>, 'number'],
  ]
  return (
    <>
      <Table
        columns={columns}
        rows={graph.edges.slice(0, MOST)}
        keyOf={({ from, to, kind }) => `${kind} ${from} ${to}`}
      />
      <First most={MOST} of={graph.edges.length} />
    </>
  )
}
