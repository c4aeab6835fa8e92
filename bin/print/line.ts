import { escape } from '../../lib/core/escape.ts'
import type { Output } from './print.ts'
import type { Row } from './rows.ts'

/** Formats one row as a line: a pipe gets the cells between tabs; a terminal as much as fits on a line. */
export function lineOf(row: Row, output: Output = process.stdout): string {
  const cells = row.map(escape)
  if (output.isTTY !== true) return `${cells.join('\t')}\n`
  const line = cells.join('  ')
  const most = output.columns || 80
  return `${line.length > most ? `${line.slice(0, most - 1)}…` : line}\n`
}
