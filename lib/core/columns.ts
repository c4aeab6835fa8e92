/** Text that is as wide as it is long. */
const PLAIN = /^[\x20-\x7e]*$/

let measure: ((text: string) => number) | undefined

/**
 * Loads what measures wide characters, such as those of Chinese and emoji. Until then, and without a terminal, all but
 * ASCII counts as wide: lines are then shorter than they need to be, and never too long.
 */
export async function loadWidths(): Promise<void> {
  measure ??= (await import('string-width')).default
}

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  return measure?.(text) ?? text.length * 2
}

/** Cuts text to a number of columns; `…` stands for what is missing. */
export function cut(text: string, room: number): string {
  // A text may be all the data of an event: only its beginning is measured.
  const start = text.slice(0, Math.max(1, room) * 8)
  if (start === text && columnsOf(text) <= room) return text
  let kept = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(start)) {
    width += columnsOf(segment)
    if (width >= room) break
    kept += segment
  }
  return `${kept}…`
}

/**
 * Breaks text between words into lines of at most `width` columns; a word that is longer is broken too. Spaces at its
 * beginning are kept; further lines are indented by `indent` columns more.
 */
export function wrap(text: string, width: number, indent = 2): readonly string[] {
  if (columnsOf(text) <= width) return [text]
  const lines: string[] = []
  const own = /^ */.exec(text)?.[0].length ?? 0
  const margin = ' '.repeat(Math.min(own + indent, Math.floor(width / 2)))
  let line = ''
  for (const [word] of text.matchAll(/ *[^ ]+/g)) {
    if (columnsOf(line + word) <= width) {
      line += word
      continue
    }
    if (line.trim() !== '') lines.push(line)
    // What begins the text keeps its spaces.
    const pieces = brokenAt(width, lines.length === 0 ? word : margin + word.trimStart(), margin)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
  }
  return [...lines, line]
}

function brokenAt(width: number, word: string, margin: string): readonly string[] {
  if (columnsOf(word) <= width) return [word]
  const pieces: string[] = []
  let piece = ''
  let columns = 0
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    const more = columnsOf(segment)
    if (columns + more > width && piece.trim() !== '') {
      pieces.push(piece)
      piece = margin
      columns = margin.length
    }
    piece += segment
    columns += more
  }
  return [...pieces, piece]
}
