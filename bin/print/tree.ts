import { styleText } from 'node:util'
import { loadWidths, wrap } from '../../lib/core/columns.ts'
import { escape } from '../../lib/core/escape.ts'
import { widthOf } from './print.ts'

/** Words, and what belongs to them. */
export interface Branch {
  readonly words: string
  readonly branches?: readonly Branch[]
}

/** Words are not broken into less than this, in columns. */
const NARROWEST = 20

/** Draws branches as a tree. */
function treeOf(branches: readonly Branch[], width: number): readonly string[] {
  return branches.flatMap(({ words, branches: inner = [] }, i) => {
    const isLast = i === branches.length - 1
    const [first, rest] = isLast ? ['└─ ', '   '] : ['├─ ', '│  ']
    // Further lines are two columns narrower: they stand behind the first word.
    const own = wrap(escape(words), Math.max(NARROWEST, width - first.length - 2), 0)
    const under = treeOf(inner, width - rest.length)
    return [
      ...own.map((line, n) => (n === 0 ? first : rest + (inner.length > 0 ? '│ ' : '  ')) + line),
      ...under.map((line) => rest + line),
    ]
  })
}

/** Prints branches below each other. Colour marks verdicts (`✓`, `✗`), and only on a terminal. */
export async function printTree(branches: readonly Branch[]): Promise<void> {
  await loadWidths()
  for (const line of treeOf(branches, widthOf(process.stdout))) process.stdout.write(`${coloured(line)}\n`)
}

function coloured(line: string): string {
  if (!process.stdout.isTTY || process.env.NO_COLOR) return line
  return line
    .replace('✓', styleText('green', '✓', { validateStream: false }))
    .replace('✗', styleText('red', '✗', { validateStream: false }))
}
