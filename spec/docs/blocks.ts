/** One fenced block of TypeScript, or of a CommonJS module, in a page or in the comments of a source file. */
export interface Block {
  readonly file: string
  /** The line of the file with the first line of the block. */
  readonly line: number
  readonly code: string
  readonly language: 'ts' | 'cjs'
  /** False for blocks that are fenced with `ts no-run`. */
  readonly runs: boolean
}

/** The blocks of one file, `.md` or `.ts`. */
export function blocksOf(file: string, text: string): Block[] {
  // In comments, the star and everything before it is not part of the block.
  const lines = text.split('\n').map((line) => (file.endsWith('.ts') ? (/^\s*\* ?(.*)$/.exec(line)?.[1] ?? '') : line))
  const blocks: Block[] = []
  let open: { margin: number; language: string; marks: readonly string[]; line: number } | undefined
  for (const [index, fence] of lines.entries()) {
    const [, space = '', info] = /^(\s*)```(.*)$/.exec(fence) ?? []
    if (info === undefined) continue
    if (open === undefined) {
      const [language = '', ...marks] = info.trim().split(' ')
      open = { margin: space.length, language, marks, line: index + 1 }
      continue
    }
    const { margin, language, marks, line } = open
    open = undefined
    if (language !== 'ts' && language !== 'cjs') continue
    const code = lines.slice(line, index).map((each) => each.slice(margin))
    blocks.push({ file, line: line + 1, code: code.join('\n'), language, runs: !marks.includes('no-run') })
  }
  if (open !== undefined) throw new Error(`${file}:${open.line} opens a block that nothing closes`)
  return blocks
}

/**
 * The block as a module, with unchanged line numbers. A block without imports is an excerpt: the exports of `modules` that
 * it uses are imported for it.
 */
export function asModule(code: string, modules: Readonly<Record<string, readonly string[]>>): string {
  if (/^import /m.test(code)) return code
  const used = new Set(code.match(/(?<![.\w$])[a-zA-Z_$][\w$]*/g))
  const own = new Set(Array.from(code.matchAll(/\b(?:const|let|function|class) ([\w$]+)/g), ([, name]) => name))
  const imports = Object.entries(modules).map(([module, names]) => {
    const wanted = names.filter((name) => used.has(name) && !own.has(name))
    for (const name of wanted) own.add(name)
    return wanted.length === 0 ? '' : `import { ${wanted.join(', ')} } from '${module}'; `
  })
  return `${imports.join('')}${code}`
}
