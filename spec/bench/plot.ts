/** A chart of lines over a logarithmic axis of counts. */
export interface Plot {
  readonly title: string
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
  x(value: number): string
}

const [WIDTH, HEIGHT] = [640, 360]
const EDGE = { left: 64, right: 120, top: 40, bottom: 40 }
const COLOURS = ['#0b6e4f', '#c8553d', '#6b7280']

/** The chart as SVG, readable on light and dark backgrounds. */
export function plot({ title, lines, x }: Plot): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b)
  const top = nice(Math.max(1, ...lines.flatMap(({ points }) => points.map(([, y]) => y))))
  const [low, high] = [Math.log10(xs[0] ?? 1), Math.log10(xs.at(-1) ?? 10)]
  const left = (value: number): number =>
    EDGE.left + ((Math.log10(value) - low) / (high - low || 1)) * (WIDTH - EDGE.left - EDGE.right)
  const down = (value: number): number => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom)
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = down(top * part).toFixed(1)
    const label = `${Math.round((top * part) / 1000)} k`
    return `<path class="grid" d="M${EDGE.left} ${y}H${WIDTH - EDGE.right}"/><text x="${EDGE.left - 8}" y="${y}" class="at end">${label}</text>`
  })
  const ticks = xs.map((at) => `<text x="${left(at).toFixed(1)}" y="${HEIGHT - 16}" class="at middle">${x(at)}</text>`)
  const drawn = lines.map(({ name, points }, i) => {
    const path = points.map(([at, y]) => `${left(at).toFixed(1)} ${down(y).toFixed(1)}`).join('L')
    const end = points.at(-1)?.[1] ?? 0
    const colour = COLOURS[i % COLOURS.length]
    return `<path fill="none" stroke="${colour}" stroke-width="2" d="M${path}"/><text x="${WIDTH - EDGE.right + 8}" y="${down(end).toFixed(1)}" class="at" fill="${colour}">${name}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<style>text{font:12px system-ui,sans-serif;fill:#6b7280}.at{dominant-baseline:middle}.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#9ca3af;stroke-opacity:.35}</style>
<text x="${EDGE.left}" y="20">${title}</text>
${[...grid, ...ticks, ...drawn].join('\n')}
</svg>
`
}

// The next of 1, 2, 5, 10, 20 …
function nice(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return power * ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10)
}
