import { wrap } from '../../lib/core/columns.ts'
import type { Command, Group } from './command.ts'
import { HELP } from './parse.ts'

/** The width for which help pages are written. Wider terminals get the same. */
const WIDTH = 80

/** The help of a group of commands, in lines of at most `width` columns. */
export function overview(words: readonly string[], { summary, commands }: Group, width = WIDTH): string {
  const program = words.join(' ')
  const names = Object.keys(commands)
  const longest = Math.max(...names.map((name) => name.length))
  const version = words.length > 1 ? [] : [`  ${program} --version`, '      Prints the version']
  return lines(width, [
    `${program} COMMAND [options]`,
    '',
    summary,
    '',
    'Commands:',
    ...Object.entries(commands).flatMap(([name, each]) =>
      wrap(`  ${name.padEnd(longest)}  ${each.summary}`, Math.min(width, WIDTH), longest + 2),
    ),
    '',
    'Examples:',
    `  ${program} ${names[0]} --help`,
    '      Shows the help of one command',
    ...version,
    '',
  ])
}

// What an example does stands below it; the rest of a long command stands between them, further to the right.
function lines(width: number, all: readonly string[]): string {
  return all.flatMap((line) => wrap(line, Math.min(width, WIDTH), /^ {6}/.test(line) ? 0 : 8)).join('\n')
}

/** The help of a command, in lines of at most `width` columns. */
export async function helpOf(words: readonly string[], command: Command, width = WIDTH): Promise<string> {
  const { default: yargs } = await import('yargs')
  const program = words.join(' ')
  const usage = [program, ...command.takes, '[options]'].join(' ')
  const options = await yargs()
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .wrap(Math.min(width, WIDTH))
    .options({ ...command.options, ...HELP })
    .usage(`${usage}\n\n${command.summary}`)
    .getHelp()
  const { failsIf } = command
  return lines(width, [
    ...options.split('\n'),
    '',
    'Examples:',
    ...command.examples.flatMap(([args, what]) => [`  ${`${program} ${args}`.trimEnd()}`, `      ${what}`]),
    ...(failsIf === undefined ? [] : ['', 'Exit code:', `  1 also if ${failsIf}`]),
  ])
}
