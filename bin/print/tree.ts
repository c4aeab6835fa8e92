import { styleText } from 'node:util'
import { escape } from '../../lib/core/escape.ts'

/** Words, and what belongs to them. */
export interface Branch {
  readonly words: string
  readonly branches?: readonly Branch[]
}

/** The width of a tree, in columns. */
const WIDTH = 80

/** Draws branches as a tree, at most 80 columns wide. */
function treeOf(branches: readonly Branch[], width = WIDTH): readonly string[] {
  return branches.flatMap(({ words, branches: inner = [] }, i) => {
    const isLast = i === branches.length - 1
    const [first, rest] = isLast ? ['└─ ', '   '] : ['├─ ', '│  ']
    const own = linesOf(words, width - first.length)
    const under = treeOf(inner, width - rest.length)
    return [
      ...own.map((line, n) => (n === 0 ? first : rest + (inner.length > 0 ? '│ ' : '  ')) + line),
      ...under.map((line) => rest + line),
    ]
  })
}

// Further lines are two columns narrower: they stand behind the first word.
function linesOf(words: string, width: number): readonly string[] {
  const room = Math.max(20, width - 2)
  const lines: string[] = []
  let line = ''
  const all = escape(words)
    .split(' ')
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, 'gu')) ?? [''])
  for (const word of all) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Prints branches below each other. Colour marks verdicts (`✓`, `✗`), and only on a terminal. */
export function printTree(branches: readonly Branch[]): void {
  for (const line of treeOf(branches)) process.stdout.write(`${coloured(line)}\n`)
}

function coloured(line: string): string {
  if (!process.stdout.isTTY || process.env.NO_COLOR) return line
  return line
    .replace('✓', styleText('green', '✓', { validateStream: false }))
    .replace('✗', styleText('red', '✗', { validateStream: false }))
}
