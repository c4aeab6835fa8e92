import { styleText } from 'node:util'
import { escape } from '../../lib/core/escape.ts'
import { type Output, print } from './print.ts'

/** The cells of one row. */
export type Row = readonly string[]

/** Rows of a table that are laid out together: all rows may not fit in memory. */
const PAGE = 500

/** The gap between two columns, in characters. */
const GAP = 2

/** The last column gets the rest of the line, but is never cut shorter than this. */
const NARROWEST = 20

/** How much of a cell is measured, in characters: one may hold all the data of an event. */
const MOST = 1000

/** Where the line has no room for that, the widest of the other columns are cut, but not shorter than this. */
const NARROW = 12

/** Prints rows as they arrive; pipes get no header. Resolves to the number of rows. */
export async function printRows(
  head: Row,
  rows: Iterable<Row> | AsyncIterable<Row>,
  output: Output = process.stdout,
): Promise<number> {
  const most = output.isTTY === true ? PAGE : 1
  const layOut = output.isTTY === true ? tableOf : linesOf
  let page: Row[] = []
  let printed = 0
  const turn = async (): Promise<void> => {
    if (page.length > 0) await print(await layOut(printed === 0 ? head : [], page, output), output)
    printed += page.length
    page = []
  }
  for await (const row of rows) if (page.push(row.map(escape)) === most) await turn()
  await turn()
  return printed
}

/** Formats one row as a line: a pipe gets the cells between tabs; a terminal as much as fits on a line. */
export function lineOf(row: Row, output: Output = process.stdout): string {
  const cells = row.map(escape)
  if (output.isTTY !== true) return `${cells.join('\t')}\n`
  const line = cells.join('  ')
  const most = output.columns || 80
  return `${line.length > most ? `${line.slice(0, most - 1)}…` : line}\n`
}

function linesOf(_head: Row, rows: readonly Row[]): string {
  return rows.map((row) => `${row.join('\t')}\n`).join('')
}

async function tableOf(head: Row, given: readonly Row[], { columns }: Output): Promise<string> {
  const { default: width } = await import('string-width')
  // A person reads seconds.
  const rows = given.map((row) => row.map((cell) => cell.replace(TIME, '$1Z')))
  const all = [head, ...rows]
  const last = Math.max(...all.map((row) => row.length)) - 1
  const widest = (i: number): number => Math.max(...all.map((row) => width((row[i] ?? '').slice(0, MOST))))
  const most = columns || 80
  const rest = most - Math.min(NARROWEST, widest(last)) - last * GAP
  const widths = narrowed(
    Array.from({ length: last }, (_, i) => widest(i)),
    rest,
    (i) => !rows.every((row) => isTime(row[i])),
  )
  const room = Math.max(NARROWEST, most - widths.reduce((sum, one) => sum + one + GAP, 0))
  const line = (row: Row, style: (text: string) => string = String): string => {
    const cells = row.map((cell, i) => {
      const text = cut(cell, i === last ? room : (widths[i] as number), width)
      const gap = i === last ? 0 : (widths[i] as number) + GAP - width(text)
      return style(text) + ' '.repeat(Math.max(0, gap))
    })
    return `${cells.join('').trimEnd()}\n`
  }
  return (head.length === 0 ? '' : line(head, bold)) + rows.map((row) => line(row)).join('')
}

// Narrows the widest columns until all fit. A time is never cut.
function narrowed(widths: readonly number[], most: number, mayCut: (column: number) => boolean): readonly number[] {
  const narrow = [...widths]
  for (let over = narrow.reduce((sum, one) => sum + one, 0) - most; over > 0; over--) {
    const widest = Math.max(...narrow.filter((one, i) => one > NARROW && mayCut(i)))
    if (!Number.isFinite(widest)) break
    narrow[narrow.findLastIndex((one, i) => one === widest && mayCut(i))] = widest - 1
  }
  return narrow
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z$/

function isTime(cell: string | undefined): boolean {
  return TIME.test(cell ?? '')
}

/** Cuts text to a number of columns. Wide characters, such as those of Chinese and emoji, take two columns. */
export function cut(text: string, room: number, width: (text: string) => number): string {
  // A cell may hold all the data of an event: only its beginning is measured.
  const start = text.slice(0, room * 8)
  if (start === text && width(text) <= room) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(start)) {
    if (width(kept + segment) >= room) break
    kept += segment
  }
  return `${kept}…`
}

function bold(text: string): string {
  return process.env.NO_COLOR ? text : styleText('bold', text, { validateStream: false })
}
