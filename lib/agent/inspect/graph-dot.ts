import { escape } from '../../core/escape.ts'
import type { Graph, GraphNode } from './graph.ts'
import { edgeWords, nameWords, nodeWords } from './graph-words.ts'

const SHAPES: Readonly<Record<GraphNode['kind'], string>> = {
  job: 'box',
  event: 'oval',
  listener: 'box, style=rounded',
}

/** The graph in the language of Graphviz. */
export function dotOf({ agent, nodes, edges }: Graph): string {
  const ids = new Map(nodes.map(({ id }, i) => [id, `n${i}`]))
  const lines = nodes.map((node) => {
    const label = [nameWords(node), nodeWords(node)].flatMap((words) => words ?? [])
    return `  ${ids.get(node.id)} [shape=${SHAPES[node.kind]}, label=${quoted(...label)}]`
  })
  const arrows = edges.map((edge) => {
    const words = edgeWords(edge)
    const options = [
      ...(words === undefined ? [] : [`label=${quoted(words)}`]),
      ...(edge.kind === 'causes' ? ['style=dashed'] : []),
    ]
    return `  ${ids.get(edge.from)} -> ${ids.get(edge.to)}${options.length === 0 ? '' : ` [${options.join(', ')}]`}`
  })
  return `${[`digraph ${quoted(escape(agent))} {`, '  rankdir=LR', ...lines, ...arrows, '}'].join('\n')}\n`
}

/** Lines of text, quoted. A backslash would begin an escape of a label. */
function quoted(...lines: readonly string[]): string {
  return `"${lines.map((line) => line.replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`
}
