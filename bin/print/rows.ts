import { styleText } from 'node:util'
import { columnsOf, cut, loadWidths } from '../../lib/core/columns.ts'
import { escape } from '../../lib/core/escape.ts'
import { type Output, print, widthOf } from './print.ts'
import { isoTime, shortTimes, shownZone } from './times.ts'

/**
 * A cell: text, a count, an instant, or undefined if there is nothing to tell. Words with the reason for them, such as an
 * error: on a terminal, the reason has a line of its own below the row.
 */
export type Cell = string | number | Date | undefined | { readonly words: string; readonly why: string }

/** The cells of one row. */
export type Row = readonly Cell[]

/** Rows of a table that are laid out together: all rows may not fit in memory. */
const PAGE = 500

/** The gap between two columns. */
const GAP = 2

/** How far what stands below a row is indented. */
const INDENT = 4

/** How much of a cell is measured, in characters: one may hold all the data of an event. */
const MOST = 1000

/** Where a line has no room for all columns, the widest texts are cut, but not shorter than this. */
const NARROW = 8

/** The last column, which is the data of an event or a state, is not cut shorter than this. */
const NARROWEST_LAST = 12

/** Prints rows as they arrive; pipes get no header. Resolves to the number of rows. */
export async function printRows(
  head: readonly string[],
  rows: Iterable<Row> | AsyncIterable<Row>,
  output: Output = process.stdout,
): Promise<number> {
  const table = new Table(head, output)
  const most = output.isTTY === true ? PAGE : 1
  let page: Row[] = []
  let printed = 0
  const turn = async (): Promise<void> => {
    printed += page.length
    await table.print(page)
    page = []
  }
  for await (const row of rows) if (page.push(row) === most) await turn()
  await turn()
  return printed
}

/** One line on a terminal, and what stands below it. */
interface Line {
  readonly cells: readonly string[]
  readonly below: readonly string[]
}

/**
 * A table that is printed a few rows at a time. On a terminal, no line is longer than that: columns in which nothing is
 * are left out, texts are cut, and the columns that still have no room stand below each row, with their names. A pipe
 * gets the cells as they are, with tabs between them.
 */
export class Table {
  readonly #head: readonly string[]
  readonly #output: Output
  /** How wide each column was so far; undefined: nothing was in it. */
  #widest: readonly (number | undefined)[] = []
  #printed = ''

  constructor(head: readonly string[], output: Output = process.stdout) {
    this.#head = head
    this.#output = output
  }

  async print(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return
    if (this.#output.isTTY !== true) return print(rows.map(tabbed).join(''), this.#output)
    await loadWidths()
    const lines = linesOf(rows)
    const times = columnsWith(rows, (cell) => cell instanceof Date)
    const head = this.#headOf(times)
    const count = Math.max(...lines.map(({ cells }) => cells.length))
    const fixed = columnsWith(rows, (cell) => typeof cell === 'number' || cell instanceof Date)
    this.#widest = Array.from({ length: count }, (_, i) => widestOf(lines, i, head[i] ?? '', this.#widest[i]))
    const layout = layOut(this.#widest, fixed, widthOf(this.#output))
    await print(this.#headLine(head, layout) + lines.map((line) => draw(line, head, layout)).join(''), this.#output)
  }

  // The head names the zone of the times once.
  #headOf(times: ReadonlySet<number>): readonly string[] {
    const first = Math.min(...times)
    return this.#head.map((name, i) => escape(i === first ? `${name} (${shownZone()})`.trimStart() : name))
  }

  // Printed again only when other columns have a place in the line.
  #headLine(head: readonly string[], { shown, widths }: Layout): string {
    if (head.length === 0 || this.#printed === shown.join(' ')) return ''
    this.#printed = shown.join(' ')
    const line = row(
      shown.map((i) => head[i] ?? ''),
      widths,
    )
    return line === '' ? '' : `${bold(line)}\n`
  }
}

function tabbed(cells: Row): string {
  const text = (cell: Cell): string => {
    if (cell === undefined) return '-'
    if (cell instanceof Date) return isoTime(cell)
    if (typeof cell !== 'object') return String(cell)
    return [cell.words, cell.why].filter((each) => each !== '').join(': ')
  }
  return `${cells.map((cell) => escape(text(cell))).join('\t')}\n`
}

function columnsWith(rows: readonly Row[], is: (cell: Cell) => boolean): ReadonlySet<number> {
  return new Set(rows.flatMap((cells) => cells.flatMap((cell, i) => (is(cell) ? [i] : []))))
}

// The times of a column have one form.
function linesOf(rows: readonly Row[]): readonly Line[] {
  const times = new Map<number, string[]>()
  for (const i of columnsWith(rows, (cell) => cell instanceof Date)) {
    const instants = rows.map((cells) => cells[i]).filter((cell) => cell instanceof Date)
    times.set(i, [...shortTimes(instants)])
  }
  return rows.map((cells) => ({
    cells: cells.map((cell, i) => {
      if (cell === undefined) return ''
      if (cell instanceof Date) return times.get(i)?.shift() ?? ''
      return escape(typeof cell === 'object' ? cell.words : String(cell))
    }),
    below: cells.flatMap((cell) =>
      typeof cell === 'object' && !(cell instanceof Date) && cell.why !== '' ? [escape(cell.why)] : [],
    ),
  }))
}

function widestOf(lines: readonly Line[], i: number, head: string, before: number | undefined): number | undefined {
  const widest = Math.max(...lines.map(({ cells }) => columnsOf((cells[i] ?? '').slice(0, MOST))))
  return widest === 0 && before === undefined ? undefined : Math.max(before ?? 0, widest, columnsOf(head))
}

/** Which columns stand in the line, and how wide; the others stand below. */
interface Layout {
  readonly width: number
  readonly shown: readonly number[]
  readonly widths: readonly number[]
  readonly below: readonly number[]
}

function layOut(widest: readonly (number | undefined)[], fixed: ReadonlySet<number>, width: number): Layout {
  const present = widest.flatMap((each, i) => (each === undefined ? [] : [i]))
  const last = widest.length - 1
  const natural = (i: number): number => widest[i] ?? 0
  const least = (i: number): number => {
    if (fixed.has(i)) return natural(i)
    return Math.min(natural(i), i === last ? NARROWEST_LAST : NARROW)
  }
  let shown = present
  while (shown.length > 1 && sum(shown.map(least)) + GAP * (shown.length - 1) > width) shown = shown.slice(0, -1)
  const room = width - GAP * (shown.length - 1)
  const widths = shown.map(natural)
  for (let over = sum(widths) - room; over > 0; over--) {
    const mayCut = (place: number): boolean => (widths[place] ?? 0) > least(shown[place] ?? 0)
    const most = Math.max(...widths.filter((_, place) => mayCut(place)))
    const place = widths.findLastIndex((each, place) => each === most && mayCut(place))
    if (place < 0) break
    widths[place] = most - 1
  }
  return { width, shown, widths: widths.map((each) => Math.min(each, width)), below: present.slice(shown.length) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

function row(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, place) => {
    const width = widths[place] ?? 0
    const text = cut(cell, width)
    return text + ' '.repeat(Math.max(0, width + GAP - columnsOf(text)))
  })
  return padded.join('').trimEnd()
}

function draw({ cells, below }: Line, head: readonly string[], { width, shown, widths, ...layout }: Layout): string {
  const more = layout.below.flatMap((i) => {
    const cell = cells[i] ?? ''
    return cell === '' ? [] : [`${head[i] ?? ''} ${cell}`.trimStart()]
  })
  const room = width - INDENT
  const lines = [...packed(more, room), ...below].map((text) => `${' '.repeat(INDENT)}${cut(text, room)}`)
  return [
    row(
      shown.map((i) => cells[i] ?? ''),
      widths,
    ),
    ...lines,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

// As many pieces in a line as fit.
function packed(pieces: readonly string[], room: number): readonly string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const joined = `${lines.at(-1)}${' '.repeat(GAP)}${piece}`
    if (lines.length > 0 && columnsOf(joined) <= room) lines[lines.length - 1] = joined
    else lines.push(piece)
  }
  return lines
}

function bold(text: string): string {
  return process.env.NO_COLOR ? text : styleText('bold', text, { validateStream: false })
}
