import type { Entries } from './command.ts'

/** The help of a program, or of a group of commands. */
export function overview(words: readonly string[], entries: Entries): string {
  const program = words.join(' ')
  const width = Math.max(...Object.keys(entries).map((name) => name.length))
  const lines = Object.entries(entries).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  const [example = ''] = Object.keys(entries)
  return `${program} COMMAND [options]\n\nCommands:\n${lines.join('\n')}\n\nExample:\n  ${program} ${example} --help\n`
}
