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

async function tableOf(head: Row, rows: readonly Row[], { columns }: Output): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    head: head.map(bold),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    chars: noBorders,
  })
  table.push(...cutLast([head, ...rows], columns || 80).slice(1))
  return `${table.toString().replaceAll(/ +$/gm, '')}\n`
}

const noBorders: Record<string, string> = { middle: ' ' }
for (const side of ['top', 'bottom', 'mid', 'left', 'right']) {
  for (const part of ['', '-mid', '-left', '-right']) noBorders[`${side}${part}`] = ''
}

function bold(text: string): string {
  return process.env.NO_COLOR ? text : styleText('bold', text, { validateStream: false })
}

// Only the last column may be long: data, an error.
function cutLast(rows: readonly Row[], columns: number): string[][] {
  const last = Math.max(...rows.map((row) => row.length)) - 1
  const others = Array.from({ length: last }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)) + GAP)
  const room = Math.max(NARROWEST, columns - others.reduce((sum, width) => sum + width, 0))
  const cut = (cell: string): string => (cell.length > room ? `${cell.slice(0, room - 1)}…` : cell)
  return rows.map((row) => row.map((cell, i) => (i === last ? cut(cell) : cell)))
}
