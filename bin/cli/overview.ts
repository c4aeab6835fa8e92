import type { Group } from './command.ts'

/** The help of a group of commands. */
export function overview(words: readonly string[], { summary, commands }: Group): string {
  const program = words.join(' ')
  const names = Object.keys(commands)
  const width = Math.max(...names.map((name) => name.length))
  const lines = Object.entries(commands).map(([name, each]) => `  ${name.padEnd(width)}  ${each.summary}`)
  const version = words.length > 1 ? '' : `  ${program} --version\n      Says which version this is\n`
  return `${program} COMMAND [options]

${summary}

Commands:
${lines.join('\n')}

Examples:
  ${program} ${names[0]} --help
      Says more about one of them
${version}`
}
