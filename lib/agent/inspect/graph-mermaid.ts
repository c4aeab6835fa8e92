import type { Graph, GraphNode } from './graph.ts'
import { edgeWords, nameWords, nodeWords } from './graph-words.ts'

const SHAPES: Readonly<Record<GraphNode['kind'], readonly [open: string, close: string]>> = {
  job: ['[[', ']]'],
  event: ['([', '])'],
  listener: ['[', ']'],
}

/** The graph as a flowchart of Mermaid, which GitHub and many editors draw. */
export function mermaidOf({ nodes, edges }: Graph): string {
  const ids = new Map(nodes.map(({ id }, i) => [id, `n${i}`]))
  const lines = nodes.map((node) => {
    const [open, close] = SHAPES[node.kind]
    const label = [nameWords(node), nodeWords(node)].flatMap((words) => (words === undefined ? [] : [encoded(words)]))
    return `  ${ids.get(node.id)}${open}"${label.join('<br>')}"${close}`
  })
  const arrows = edges.map((edge) => {
    const words = edgeWords(edge)
    const line = edge.kind === 'causes' ? '-.->' : '-->'
    return `  ${ids.get(edge.from)} ${line}${words === undefined ? '' : `|"${encoded(words)}"|`} ${ids.get(edge.to)}`
  })
  return `${['flowchart LR', ...lines, ...arrows].join('\n')}\n`
}

/**
 * A text within quotes: whatever Mermaid, Markdown or HTML could take for its own becomes a code, such as `#35;`. Also a
 * beginning that looks like an item of a list, and a `_` at the edge of a word.
 */
function encoded(text: string): string {
  const plain =
    /[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Join_Control} _.,:?-]|^-|(?<=^\d+)\.|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
  return text.replaceAll(plain, (character) => `#${character.codePointAt(0)};`)
}
