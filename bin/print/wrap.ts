/** The width of printed sentences, in columns. */
const WIDTH = 80

/** Breaks a sentence between words into lines of at most 80 columns; further lines are indented twice as far. */
export function wrapped(words: string, { indent }: { readonly indent: number }): readonly string[] {
  const lines: string[] = []
  let line = ' '.repeat(indent - 1)
  for (const word of words.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = ' '.repeat(2 * indent - 1)
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
