import yargs, { type Argv, type Options } from 'yargs'
import type { Command, Given, OptionTable } from './command.ts'
import { Mistake } from './mistake.ts'
import { didYouMean } from './near.ts'

const WIDTH = 80

const HELP: OptionTable = { help: { alias: 'h', type: 'boolean', describe: 'Show this help' } }

/** What the arguments of a command say; `help` when that is all they ask for. */
export async function parse(
  words: readonly string[],
  command: Command,
  args: readonly string[],
): Promise<Given<OptionTable> | 'help'> {
  const options = { ...HELP, ...command.options }
  const { $0: _program, ...parsed } = parser(options).parseSync([...(command.rewrite?.(args) ?? args)]) as Record<
    string,
    unknown
  >
  if (parsed.help === true) return 'help'
  await checkOptions(parsed, options)
  checkArguments(words, command, parsed._ as string[])
  return parsed as Given<OptionTable>
}

/** The help of a command, at most 80 columns wide. */
export async function helpOf(words: readonly string[], command: Command): Promise<string> {
  const program = words.join(' ')
  const usage = [program, ...command.takes, '[options]'].join(' ')
  const options = await parser({ ...command.options, ...HELP })
    .usage(`${usage}\n\n${command.summary}`)
    .getHelp()
  const examples = command.examples.map(([args, what]) => `  ${`${program} ${args}`.trimEnd()}\n      ${what}`)
  return `${options}\n\nExamples:\n${examples.join('\n')}`
}

function parser(options: OptionTable): Argv {
  return yargs()
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .wrap(WIDTH)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .options(options)
}

async function checkOptions(parsed: Record<string, unknown>, options: OptionTable): Promise<void> {
  const names = new Map(
    Object.entries(options).flatMap(([name, option]) => spellings(name, option).map((each) => [each, option])),
  )
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '_') continue
    const option = names.get(name)
    if (option === undefined) {
      const near = await didYouMean(dashed(name), [...names.keys()].map(dashed))
      throw new Mistake(`unknown option ${dashed(name)}${near}`)
    }
    if (option.type !== 'array' && Array.isArray(value)) throw new Mistake(`${dashed(name)} was given twice`)
    const empty = value === '' || (Array.isArray(value) && (value.length === 0 || value.includes('')))
    if (Number.isNaN(value)) throw new Mistake(`${dashed(name)} needs a number`)
    if (option.type !== 'boolean' && empty) throw new Mistake(`${dashed(name)} needs a value`)
  }
}

function spellings(name: string, { alias = [] }: Options): string[] {
  return [name, ...(typeof alias === 'string' ? [alias] : alias)]
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

function checkArguments(words: readonly string[], { takes }: Command, given: readonly string[]): void {
  const needed = takes.filter((name) => !name.startsWith('['))
  const missing = needed[given.length]
  const usage = [...words, ...takes].join(' ')
  if (missing !== undefined) throw new Mistake(`${missing} is missing: ${usage}`)
  const surplus = given[takes.length]
  if (surplus !== undefined) throw new Mistake(`${JSON.stringify(surplus)} is one argument too many: ${usage}`)
}
