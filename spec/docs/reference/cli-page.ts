import type { Options } from 'yargs'
import type { Command, Entry, OptionTable } from '../../../bin/cli/command.ts'
import { tidings } from '../../../bin/cli/commands.ts'
import { exitCodes } from '../../../bin/cli/errors.ts'
import { common, running } from '../../../bin/cli/options.ts'
import { table } from '../markdown.ts'

/** What each exit code means. */
const MEANINGS: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'Done.',
  failed: 'Failed. Standard error says why; some commands also answer with it, as their section says.',
  usage: 'Wrong usage, or a destructive command that was not confirmed. Nothing was done.',
  inUse: 'The log is in use by a process that does not answer.',
}

/** Options that many commands have, listed once. */
const shared: readonly (readonly [heading: string, options: OptionTable])[] = [
  ['Options of every command', common],
  ['Options of commands that load your code', running],
]

/** The page of all commands: docs/cli.md. */
export async function cliPage(): Promise<string> {
  const all = await commandsOf(tidings, ['tidings'])
  const link = (words: string): string => `[\`${words}\`](#${anchor(words)})`
  return `${[
    '# Commands',
    '<!-- Made from the commands by `npm run docs:reference`. Change their texts there. -->',
    'All commands of `tidings`, with their options and examples. `tidings COMMAND --help` prints the same. How options are written, and times, is in [operating](operating.md); every other option and setting is in [options](options.md).',
    table(
      ['command', 'what it does'],
      all.map(({ words, short }) => [link(words), short]),
    ),
    '`agent-test` is `tidings test` under a name of its own.',
    '## Exit codes',
    table(
      ['code', 'means'],
      Object.entries(exitCodes).map(([name, code]) => [String(code), MEANINGS[name as keyof typeof exitCodes]]),
    ),
    ...shared.flatMap(([heading, options]) => [`## ${heading}`, optionTable({ ...options, ...help(options) })]),
    ...all.flatMap(section),
  ].join('\n\n')}\n`
}

/** A command, with the words that call it and its line in the overview. */
interface Named {
  readonly words: string
  readonly short: string
  readonly command: Command
}

async function commandsOf(entry: Entry, words: readonly string[]): Promise<readonly Named[]> {
  if ('load' in entry) return [{ words: words.join(' '), short: entry.summary, command: await entry.load() }]
  const each = Object.entries(entry.commands).map(([name, one]) => commandsOf(one, [...words, name]))
  return (await Promise.all(each)).flat()
}

function section({ words, command }: Named): readonly string[] {
  const { summary, takes, options, examples, failsIf } = command
  const has = shared.filter(([, group]) => Object.keys(group).every((name) => name in options))
  const isListed = (name: string): boolean => has.some(([, group]) => group[name] === options[name])
  const own = Object.entries(options).filter(([name]) => !isListed(name))
  const links = has.map(([heading]) => `the [${lower(heading)}](#${anchor(heading)})`)
  return [
    `## ${words}`,
    `\`${[words, ...takes, '[options]'].join(' ')}\``,
    plain(summary),
    ...(own.length === 0 ? [] : [optionTable(Object.fromEntries(own))]),
    ...(links.length === 0 ? [] : [`${own.length === 0 ? 'It has' : 'It also has'} ${links.join(' and ')}.`]),
    ...(failsIf === undefined ? [] : [`The exit code is also 1 if ${plain(failsIf)}.`]),
    table(
      ['example', 'what it does'],
      examples.map(([args, what]) => [`\`${`${words} ${args}`.trimEnd()}\``, `${plain(what)}.`]),
    ),
  ]
}

function optionTable(options: OptionTable): string {
  return table(
    ['option', 'value', 'what it does'],
    Object.entries(options).map(([name, option]) => [spellings(name, option), valueOf(option), textOf(option)]),
  )
}

function help(group: OptionTable): OptionTable {
  return group === common ? { help: { alias: 'h', type: 'boolean', describe: 'Show the help of the command' } } : {}
}

function spellings(name: string, { alias = [] }: Options): string {
  return [name, ...(typeof alias === 'string' ? [alias] : alias)]
    .toSorted((a, b) => Number(a.length > 1) - Number(b.length > 1))
    .map((each) => `\`${each.length === 1 ? '-' : '--'}${each}\``)
    .join(', ')
}

function valueOf({ type }: Options): string {
  if (type === 'boolean') return '–'
  return type === 'number' ? 'a number' : type === 'array' ? 'text, repeatable' : 'text'
}

function textOf({ describe = '', default: fallback }: Options): string {
  const byDefault = fallback === undefined ? '' : `; default ${JSON.stringify(fallback)}`
  return `${plain(describe.replace(/; may be repeated$/, ''))}${byDefault}.`
}

/** Words of the command line as Markdown: what a page would read as a tag or as emphasis is code, pages are links. */
function plain(text: string): string {
  return text
    .replaceAll(
      /'([^']{5,})'|((?<!\w)[\w./]*<[\w ]+>[\w./]*|[\w.]*\*[\w.*]*)/g,
      (_, quoted, word) => `\`${quoted ?? word}\``,
    )
    .replaceAll(/\bdocs\/([\w-]+\.md)\b/g, '[$1]($1)')
}

function lower(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-')
}
