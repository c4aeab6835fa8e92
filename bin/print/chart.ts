import { columnsOf, cut, loadWidths } from '../../lib/core/columns.ts'
import { escape } from '../../lib/core/escape.ts'
import { type Output, print, widthOf } from './print.ts'

/** A line of a chart. `bar`: false leaves the number without a bar. */
export interface ChartLine {
  readonly label: string
  readonly count: number
  readonly bar?: false
}

/** The most columns of a label, so that bars have room on 80 columns. */
const WIDEST_LABEL = 40

/** The gap between columns. */
const GAP = 2

/** The parts of a character, by eighths. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** Prints counts as a bar chart; a pipe gets labels and numbers with a tab between. */
export async function printChart(lines: readonly ChartLine[], output: Output = process.stdout): Promise<void> {
  if (output.isTTY !== true) {
    for (const { label, count } of lines) await print(`${escape(label)}\t${count}\n`, output)
    return
  }
  await loadWidths()
  const width = widthOf(output)
  const labels = lines.map(({ label }) => cut(escape(label), Math.min(WIDEST_LABEL, Math.floor(width / 2))))
  const labelWidth = Math.max(...labels.map(columnsOf))
  const digits = Math.max(...lines.map(({ count }) => String(count).length))
  const most = Math.max(...lines.map(({ count, bar }) => (bar === false ? 0 : count)))
  // Full, the bar of the greatest count leaves the last column of the line free.
  const room = Math.max(1, width - labelWidth - digits - 2 * GAP - 1)
  for (const [i, { count, bar }] of lines.entries()) {
    const label = labels[i] ?? ''
    const drawn = bar === false ? '' : barOf((count / most) * room)
    const cells = [label, ' '.repeat(labelWidth - columnsOf(label) + GAP), String(count).padStart(digits), '  ', drawn]
    await print(`${cells.join('').trimEnd()}\n`, output)
  }
}

function barOf(columns: number): string {
  const eighths = Math.max(1, Math.round(columns * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
}
