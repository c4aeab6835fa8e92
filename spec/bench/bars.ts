/** A chart of groups of bars over a logarithmic axis. */
export interface Bars {
  readonly title: string
  /** What the bars of each group are. */
  readonly kinds: readonly string[]
  readonly groups: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const WIDTH = 640
const EDGE = { left: 120, right: 64, top: 64, bottom: 32 }
const [BAR, GAP] = [10, 14]
const COLOURS = ['#0b6e4f', '#c8553d', '#6b7280']

/** The chart as SVG, readable on light and dark backgrounds. */
export function bars({ title, kinds, groups }: Bars): string {
  const all = groups.flatMap(({ values }) => values)
  const low = Math.floor(Math.log10(Math.min(...all)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))))
  const left = (value: number): number =>
    EDGE.left + ((Math.log10(value) - low) / (high - low)) * (WIDTH - EDGE.left - EDGE.right)
  const tall = kinds.length * BAR + GAP
  const bottom = EDGE.top + groups.length * tall
  const grid = Array.from({ length: high - low + 1 }, (_, i) => {
    const x = left(10 ** (low + i)).toFixed(1)
    const label = (10 ** (low + i)).toLocaleString('en')
    return `<path class="grid" d="M${x} ${EDGE.top - 8}V${bottom}"/><text x="${x}" y="${bottom + 14}" class="at middle">${label}</text>`
  })
  const legend = kinds.map((kind, i) => {
    const x = EDGE.left + i * 110
    return `<rect x="${x}" y="34" width="10" height="10" fill="${COLOURS[i]}"/><text x="${x + 16}" y="40" class="at">${kind}</text>`
  })
  const drawn = groups.map(({ name, values }, g) => {
    const top = EDGE.top + g * tall
    const rows = values.map((value, i) => {
      const y = top + i * BAR
      const end = left(value)
      return `<rect x="${EDGE.left}" y="${y}" width="${(end - EDGE.left).toFixed(1)}" height="${BAR - 1}" fill="${COLOURS[i]}"/><text x="${(end + 4).toFixed(1)}" y="${y + 5}" class="at small">${Math.round(value).toLocaleString('en')}</text>`
    })
    const middle = top + (values.length * BAR) / 2
    return `<text x="${EDGE.left - 8}" y="${middle}" class="at end">${name}</text>${rows.join('')}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + EDGE.bottom}" role="img" aria-label="${title}">
<style>text{font:12px system-ui,sans-serif;fill:#6b7280}.small{font-size:9px}.at{dominant-baseline:middle}.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#9ca3af;stroke-opacity:.35}</style>
<text x="${EDGE.left}" y="20">${title}</text>
${[...grid, ...legend, ...drawn].join('\n')}
</svg>
`
}
