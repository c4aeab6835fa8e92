import { escape } from './escape.ts'
import type { Output, Row } from './rows.ts'

/** Prints one row as it comes: a pipe gets its cells between tabs; a terminal as much as fits on a line. */
export function printLine(row: Row, output: Output = process.stdout): void {
  const cells = row.map(escape)
  if (output.isTTY !== true) return void output.write(`${cells.join('\t')}\n`)
  const line = cells.join('  ')
  const most = output.columns || 80
  output.write(`${line.length > most ? `${line.slice(0, most - 1)}…` : line}\n`)
}
