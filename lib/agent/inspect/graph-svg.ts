import { escape } from '../../core/escape.ts'
import type { Graph, GraphEdge, GraphNode } from './graph.ts'
import { type Box, type Layout, layOut, type Point } from './graph-layout.ts'
import { edgeWords, nameWords, nodeWords } from './graph-words.ts'

/** Sizes in px. A character of the font is about this wide; one of Chinese, and an emoji, is twice as wide. */
const SIZE = { margin: 24, character: 7, padding: 14, line: 17, legend: 64, narrowest: 420 }

/** How much of a name is shown, in narrow characters. The whole name is in its title. */
const MOST = 36

/** The leftmost column of each kind. */
const FIRST: Readonly<Record<GraphNode['kind'], number>> = { job: 0, event: 1, listener: 2 }

const STYLE = `
.tidings { --ink: #1f2328; --faint: #59636e; --page: #ffffff; --job: #ddf4ff; --event: #fff8c5; --listener: #dafbe1; --line: #818b98; background: var(--page); font: 12px ui-sans-serif, system-ui, sans-serif }
@media (prefers-color-scheme: dark) { .tidings { --ink: #f0f6fc; --faint: #9198a1; --page: #0d1117; --job: #0c2d6b; --event: #4b2900; --listener: #033a16; --line: #7d8590 } }
.tidings text { fill: var(--ink) }
.tidings .faint { fill: var(--faint); font-size: 11px }
.tidings .count { paint-order: stroke; stroke: var(--page); stroke-width: 4px; fill: var(--faint); font-size: 11px; text-anchor: middle }
.tidings .job { fill: var(--job); stroke: var(--line) }
.tidings .event { fill: var(--event); stroke: var(--line) }
.tidings .listener { fill: var(--listener); stroke: var(--line) }
.tidings .arrow { fill: none; stroke: var(--line); stroke-width: 1.5; marker-end: url(#tidings-head) }
.tidings .causes { stroke-dasharray: 5 4 }
.tidings .head { fill: var(--line) }
`

/** The graph as a picture, for light and dark screens, with a legend. */
export function svgOf(graph: Graph): string {
  const { nodes, edges, agent } = graph
  const boxes = nodes.map(boxOf)
  const layout = layOut(boxes, edges)
  const back = layout.links.filter((points) => points === undefined).length
  const below = back === 0 ? 0 : 36 + back * 10
  const width = Math.max(layout.width + 2 * SIZE.margin, SIZE.narrowest)
  const height = layout.height + below + 2 * SIZE.margin + SIZE.legend
  const count = (kind: GraphNode['kind']): number => nodes.filter((node) => node.kind === kind).length
  const numbers = graph.seen ? 'with the numbers of its log' : 'without a log'
  const parts = [many(count('job'), 'job'), many(count('event'), 'event type'), many(count('listener'), 'listener')]
  const about = `${parts[0]}, ${parts[1]} and ${parts[2]}, ${numbers}.`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="tidings" role="img" aria-labelledby="tidings-title tidings-desc" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}">`,
    `<title id="tidings-title">${xml(`The agent ${agent}`)}</title>`,
    `<desc id="tidings-desc">${xml(`${about} ${edges.map((edge) => sentence(edge, nodes)).join(' ')}`.trim())}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="tidings-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<g transform="translate(${SIZE.margin} ${SIZE.margin})">`,
    ...arrowsOf(edges, boxes, layout),
    ...nodes.map((node, i) => drawn(node, boxes[i] as Box, layout)),
    '</g>',
    legend(SIZE.margin, height - SIZE.legend),
    '</svg>',
  ].join('\n')}\n`
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function boxOf(node: GraphNode): Box {
  const words = nodeWords(node)
  const widest = Math.max(columnsOf(shortened(nameWords(node))), columnsOf(shortened(words ?? '')))
  const width = widest * SIZE.character + 2 * SIZE.padding
  return { id: node.id, width, height: words === undefined ? 30 : 30 + SIZE.line, first: FIRST[node.kind] }
}

function drawn(node: GraphNode, { width, height }: Box, layout: Layout): string {
  const { x, y } = layout.boxes.get(node.id) ?? { x: 0, y: 0 }
  const words = nodeWords(node)
  const text = (what: string, line: number, style = ''): string =>
    `<text x="${round(x + SIZE.padding)}" y="${round(y + 20 + line * SIZE.line)}"${style}>${xml(shortened(what))}</text>`
  return [
    `<g><title>${xml(`${node.kind} ${nameWords(node)}${words === undefined ? '' : `: ${words}`}`)}</title>`,
    shape(node.kind, { x, y, width, height }),
    text(nameWords(node), 0),
    ...(words === undefined ? [] : [text(words, 1, ' class="faint"')]),
    '</g>',
  ].join('')
}

function shape(kind: GraphNode['kind'], { x, y, width, height }: Point & { width: number; height: number }): string {
  const radius = { job: 2, event: Math.min(height / 2, 15), listener: 8 }[kind]
  return `<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`
}

function arrowsOf(edges: readonly GraphEdge[], boxes: readonly Box[], layout: Layout): readonly string[] {
  let backs = 0
  return edges.map((edge, i) => {
    const points = layout.links[i]
    const [path, middle] = points === undefined ? around(edge, boxes, layout, backs++) : through(points)
    const words = edgeWords(edge)
    const label =
      words === undefined
        ? ''
        : `<text class="count" x="${round(middle.x)}" y="${round(middle.y + 4)}">${xml(words)}</text>`
    return `<path class="arrow ${edge.kind}" d="${path}"/>${label}`
  })
}

/** An arrow through its points, which it passes level. The words stand in its first gap. */
function through(points: readonly Point[]): readonly [path: string, middle: Point] {
  const [first = { x: 0, y: 0 }, ...rest] = points
  const path = [`M${round(first.x)} ${round(first.y)}`]
  let from = first
  for (const to of rest) {
    const half = (from.x + to.x) / 2
    path.push(`C${[half, from.y, half, to.y, to.x, to.y].map(round).join(' ')}`)
    from = to
  }
  const [leaving = first, entering = first] = rest
  return [path.join(''), { x: (leaving.x + entering.x) / 2, y: (leaving.y + entering.y) / 2 }]
}

/** An arrow that leads back, around everything from below. */
function around(edge: GraphEdge, boxes: readonly Box[], layout: Layout, n: number): readonly [string, Point] {
  const foot = (id: string): Point => {
    const { x, y } = layout.boxes.get(id) ?? { x: 0, y: 0 }
    const { width = 0, height = 0 } = boxes.find((box) => box.id === id) ?? {}
    return { x: x + width / 2, y: y + height }
  }
  const [from, to] = [foot(edge.from), foot(edge.to)]
  const depth = layout.height + 36 + n * 10
  const path = `M${round(from.x)} ${round(from.y)}C${[from.x, depth, to.x, depth, to.x, to.y].map(round).join(' ')}`
  return [path, { x: (from.x + to.x) / 2, y: (from.y + to.y + 6 * depth) / 8 }]
}

function legend(x: number, y: number): string {
  const kinds = ['job', 'event', 'listener'] as const
  const boxes = kinds.map((kind, i) => {
    const left = x + i * 110
    return `${shape(kind, { x: left, y, width: 22, height: 16 })}<text x="${left + 30}" y="${y + 12}">${kind}</text>`
  })
  const lines = [
    `<path class="arrow" d="M${x} ${y + 36}h30"/>`,
    `<path class="arrow causes" d="M${x + 200} ${y + 36}h30"/>`,
  ]
  const words = [
    `<text class="faint" x="${x + 40}" y="${y + 40}">publishes, is heard by</text>`,
    `<text class="faint" x="${x + 240}" y="${y + 40}">publishes in answer</text>`,
  ]
  return `<g>${[...boxes, ...lines, ...words].join('')}</g>`
}

function sentence({ from, to, kind, ...edge }: GraphEdge, nodes: readonly GraphNode[]): string {
  const title = (id: string): string => {
    const node = nodes.find((each) => each.id === id)
    return node === undefined ? escape(id) : `${node.kind} ${nameWords(node)}`
  }
  const words = edgeWords({ from, to, kind, ...edge })
  const verb = { publishes: 'publishes', hears: 'is heard by', causes: 'answers with' }[kind]
  return `${title(from)} ${verb} ${title(to)}${words === undefined ? '' : ` (${words})`}.`
}

function shortened(text: string): string {
  if (columnsOf(text) <= MOST) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (columnsOf(kept + segment) >= MOST) break
    kept += segment
  }
  return `${kept}…`
}

function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2), 0)
}

/** A text within an element or an attribute. XML has no place for two characters that JavaScript has. */
function xml(text: string): string {
  const printable = escape(text).replaceAll(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
  return printable.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function round(number: number): string {
  return String(Math.round(number * 10) / 10)
}
