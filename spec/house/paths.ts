/** One file of a path in ARCHITECTURE.md. */
export interface Stop {
  readonly file: string
  /** The file that connects it with the one before, if neither imports the other. */
  readonly through?: string
}

/** One of the three paths: its letter, and its lists of files, one for each direction. */
export interface Path {
  readonly letter: string
  readonly directions: readonly (readonly Stop[])[]
}

/** The most files that each path may have, over all its directions. */
const MOST: Readonly<Record<string, number>> = { a: 14, b: 16, c: 12 }

/**
 * The paths of a page: sections that begin with a letter (`## a. Draft → disk`), with numbered lists of files. A list that
 * begins with 1 again is the other direction. `(connected by ‘file’)` names the file that hands one stop to the next.
 */
export function pathsIn(page: string): Path[] {
  const sections = page.split(/^## /m).filter((section) => /^[a-z]\. /.test(section))
  return sections.map((section) => {
    const directions: Stop[][] = []
    for (const [, number, file = '', words = ''] of section.matchAll(/^(\d+)\. `([^`]+)`((?:.*\n)(?: {2,}.*\n)*)/gm)) {
      const through = /connected\s+by\s+`([^`]+)`/.exec(words)?.[1]
      if (number === '1') directions.push([])
      directions.at(-1)?.push({ file, ...(through === undefined ? {} : { through }) })
    }
    return { letter: section.charAt(0), directions }
  })
}

/**
 * What is wrong with the paths. `imports`: by file, the files that it imports.
 *
 * - each file exists, and occurs once in a direction
 * - an import connects it with its neighbour, in either direction; or connects each of them with the file that is named
 * - the path has no more files than it may have
 */
export function wrongPaths(paths: readonly Path[], imports: ReadonlyMap<string, readonly string[]>): string[] {
  const connects = (one: string, other: string): boolean =>
    imports.get(one)?.includes(other) === true || imports.get(other)?.includes(one) === true
  return paths.flatMap(({ letter, directions }) => {
    const files = new Set(directions.flat().map(({ file }) => file))
    const most = MOST[letter] ?? 0
    return [
      ...(files.size > most ? [`${letter}: ${files.size} files, at most ${most}`] : []),
      ...(files.size < 3 ? [`${letter}: only ${files.size} files`] : []),
      ...[...files].filter((file) => !imports.has(file)).map((file) => `${letter}: there is no ${file}`),
      ...directions.flatMap((stops) =>
        stops.flatMap(({ file, through }, i) => {
          const before = stops[i - 1]?.file
          const again = stops.findIndex((stop) => stop.file === file) < i
          const connected =
            before === undefined ||
            connects(before, file) ||
            (through !== undefined && connects(before, through) && connects(through, file))
          return [
            ...(again ? [`${letter}: ${file} occurs twice`] : []),
            ...(connected ? [] : [`${letter}: nothing connects ${before} and ${file}`]),
          ]
        }),
      ),
    ]
  })
}
