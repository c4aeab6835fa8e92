/** Says which paths are meant, relative to the folder and with `/` between their parts. */
export interface Choice {
  /** Whether a file is watched. */
  wants(path: string): boolean
  /** Whether a file or a folder, with all that is in it, is left out. */
  ignores(path: string): boolean
}

/** Reads the patterns of the options. */
export function choiceOf(glob: readonly string[], ignore: readonly string[]): Choice {
  const wanted = glob.map(testOf)
  const ignored = ignore.map(testOf)
  return {
    wants: (path) => wanted.length === 0 || wanted.some((test) => test(path)),
    ignores: (path) => ignored.some((test) => test(path)),
  }
}

/** A pattern without a slash is about names, wherever they are; one with a slash is about paths. */
function testOf(pattern: string): (path: string) => boolean {
  const bare = pattern.replace(/^(?:\.?\/)+|\/+$/g, '')
  const expression = expressionOf(bare)
  return bare.includes('/') || pattern.startsWith('/')
    ? (path) => expression.test(path)
    : (path) => expression.test(path.slice(path.lastIndexOf('/') + 1))
}

/** `*` and `?` stay within a name, `**` spans folders, `{a,b}` is one of several; the rest is literal. */
function expressionOf(pattern: string): RegExp {
  let depth = 0
  const source = pattern.replaceAll(/\*\*\/|\*\*|[*?{},]|[\\^$.|+()[\]]/g, (sign) => {
    switch (sign) {
      case '**/':
        return '(?:.*/)?'
      case '**':
        return '.*'
      case '*':
        return '[^/]*'
      case '?':
        return '[^/]'
      case '{':
        depth += 1
        return '(?:'
      case '}':
        if (depth === 0) return '\\}'
        depth -= 1
        return ')'
      case ',':
        return depth > 0 ? '|' : ','
      default:
        return `\\${sign}`
    }
  })
  return new RegExp(`^${source}${')'.repeat(depth)}$`, 's')
}
