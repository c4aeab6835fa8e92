/** A table; line breaks and pipes in cells are written as a table can have them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll(/\s*\n\s*(?:- )?/g, ' ').replaceAll(/(?<!\\)\|/g, '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** Code spans, one after another. */
export function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ')
}
