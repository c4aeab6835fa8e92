/*
 * A layered layout, from left to right:
 *
 *   1. arrows that close a circle are set aside          (depth first, in the order of the nodes)
 *   2. each node is one layer right of all before it     (but not left of its own first layer)
 *   3. a long arrow gets a place in each layer between   (so that it passes no node)
 *   4. layers are ordered by the mean of their neighbours, back and forth, to cross few arrows
 *   5. layers become columns, centred on one line
 *
 * The same graph always gives the same picture.
 */

/** A box to place. */
export interface Box {
  readonly id: string
  readonly width: number
  readonly height: number
  /** The leftmost layer, from 0. */
  readonly first: number
}

/** An arrow between two boxes. */
export interface Link {
  readonly from: string
  readonly to: string
}

/** A point, in px from the top left. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** Where everything is. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** The top left corners of the boxes. */
  readonly boxes: ReadonlyMap<string, Point>
  /** For each arrow, two points in each column that it passes; undefined for one that leads back. */
  readonly links: readonly (readonly Point[] | undefined)[]
}

/** Gaps between columns and between rows, in px. */
const GAP = { x: 110, y: 18 }

/** How often the layers are ordered, from left to right and back. */
const SWEEPS = 8

/** A box, or the place of an arrow that passes a layer. */
interface Place {
  readonly id: string
  readonly width: number
  readonly height: number
  readonly before: Place[]
  readonly after: Place[]
  order: number
  y: number
}

export function layOut(boxes: readonly Box[], links: readonly Link[]): Layout {
  const back = backLinks(boxes, links)
  const layerOf = layersOf(
    boxes,
    links.filter((link) => !back.has(link)),
  )
  const layers: Place[][] = []
  const add = (layer: number, place: Pick<Place, 'id' | 'width' | 'height'>): Place => {
    const column = (layers[layer] ??= [])
    const made = { ...place, before: [], after: [], order: column.length, y: 0 }
    column.push(made)
    return made
  }
  const placed = new Map(boxes.map((box) => [box.id, add(layerOf.get(box.id) ?? 0, box)]))
  const chains = links.map((link) => {
    const [from, to] = [placed.get(link.from), placed.get(link.to)]
    if (from === undefined || to === undefined || back.has(link)) return undefined
    const [first, last] = [layerOf.get(link.from) ?? 0, layerOf.get(link.to) ?? 0]
    const between = Array.from({ length: last - first - 1 }, (_, i) =>
      add(first + 1 + i, { id: '', width: 0, height: 0 }),
    )
    const chain = [from, ...between, to]
    for (const [i, place] of chain.entries()) {
      const next = chain[i + 1]
      if (next === undefined) continue
      place.after.push(next)
      next.before.push(place)
    }
    return chain
  })
  const columns = Array.from(layers, (column) => column ?? []).filter((column) => column.length > 0)
  order(columns)
  return positions(columns, placed, chains)
}

function backLinks(boxes: readonly Box[], links: readonly Link[]): ReadonlySet<Link> {
  const back = new Set<Link>()
  const open = new Set<string>()
  const done = new Set<string>()
  const visit = (id: string): void => {
    open.add(id)
    for (const link of links.filter(({ from }) => from === id)) {
      if (open.has(link.to)) back.add(link)
      else if (!done.has(link.to)) visit(link.to)
    }
    open.delete(id)
    done.add(id)
  }
  for (const { id } of boxes) if (!done.has(id)) visit(id)
  return back
}

function layersOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<string, number> {
  const layers = new Map(boxes.map(({ id, first }) => [id, first]))
  // Without circles, as many rounds as there are boxes move each as far right as it has to be.
  for (let moved = true, round = 0; moved && round <= boxes.length; round++) {
    moved = false
    for (const { from, to } of links) {
      const least = (layers.get(from) ?? 0) + 1
      if ((layers.get(to) ?? 0) >= least) continue
      layers.set(to, least)
      moved = true
    }
  }
  return layers
}

function order(columns: Place[][]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forward = sweep % 2 === 0
    for (const column of forward ? columns : columns.toReversed()) {
      const mean = (place: Place): number => {
        const neighbours = forward ? place.before : place.after
        if (neighbours.length === 0) return place.order
        return neighbours.reduce((sum, each) => sum + each.order, 0) / neighbours.length
      }
      const means = new Map(column.map((place) => [place, mean(place)]))
      column.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0) || a.order - b.order)
      for (const [i, place] of column.entries()) place.order = i
    }
  }
}

function positions(
  columns: readonly (readonly Place[])[],
  placed: ReadonlyMap<string, Place>,
  chains: readonly (readonly Place[] | undefined)[],
): Layout {
  const heightOf = (column: readonly Place[]): number =>
    column.reduce((sum, { height }) => sum + height + GAP.y, -GAP.y)
  const height = Math.max(0, ...columns.map(heightOf))
  const spans = new Map<Place, Span>()
  let left = 0
  for (const column of columns) {
    const width = Math.max(...column.map((place) => place.width))
    let top = (height - heightOf(column)) / 2
    for (const place of column) {
      const inset = place.id === '' ? 0 : (width - place.width) / 2
      spans.set(place, { left: left + inset, right: left + width - inset, column: [left, left + width] })
      place.y = top
      top += place.height + GAP.y
    }
    left += width + GAP.x
  }
  return {
    width: Math.max(0, left - GAP.x),
    height,
    boxes: new Map([...placed].map(([id, place]) => [id, { x: spans.get(place)?.left ?? 0, y: place.y }])),
    links: chains.map((chain) => chain?.flatMap((place, i) => pointsOf(place, spans, i > 0, i < chain.length - 1))),
  }
}

/** Where a place begins and ends, and its column, which may be wider: an arrow bends only between columns. */
interface Span {
  readonly left: number
  readonly right: number
  readonly column: readonly [left: number, right: number]
}

function pointsOf(place: Place, spans: ReadonlyMap<Place, Span>, enters: boolean, leaves: boolean): readonly Point[] {
  const { left = 0, right = 0, column = [0, 0] } = spans.get(place) ?? {}
  const xs = enters && leaves ? column : enters ? [column[0], left] : leaves ? [right, column[1]] : []
  return xs.map((x) => ({ x, y: place.y + place.height / 2 }))
}
