import { wrapped } from '../print/wrap.ts'
import type { Command, Group } from './command.ts'
import { HELP } from './parse.ts'

/** The width of help, in columns. */
const WIDTH = 80

/** The help of a group of commands. */
export function overview(words: readonly string[], { summary, commands }: Group): string {
  const program = words.join(' ')
  const names = Object.keys(commands)
  const width = Math.max(...names.map((name) => name.length))
  const lines = Object.entries(commands).map(([name, each]) => `  ${name.padEnd(width)}  ${each.summary}`)
  const version = words.length > 1 ? '' : `  ${program} --version\n      Prints the version\n`
  return `${program} COMMAND [options]

${summary}

Commands:
${lines.join('\n')}

Examples:
  ${program} ${names[0]} --help
      Shows the help of one command
${version}`
}

/** The help of a command, at most 80 columns wide. */
export async function helpOf(words: readonly string[], command: Command): Promise<string> {
  const { default: yargs } = await import('yargs')
  const program = words.join(' ')
  const usage = [program, ...command.takes, '[options]'].join(' ')
  const options = await yargs()
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .wrap(WIDTH)
    .options({ ...command.options, ...HELP })
    .usage(`${usage}\n\n${command.summary}`)
    .getHelp()
  const examples = command.examples.map(([args, what]) => `  ${`${program} ${args}`.trimEnd()}\n      ${what}`)
  const { failsIf } = command
  const exits =
    failsIf === undefined ? '' : `\n\nExit code:\n${wrapped(`1 also if ${failsIf}`, { indent: 2 }).join('\n')}`
  return `${options}\n\nExamples:\n${examples.join('\n')}${exits}`
}
