import { codes, table } from '../markdown.ts'
import type { Row } from '../members.ts'
import { streamFacts } from '../streams/source.ts'
import { environment } from './environment.ts'
import { type Optioned, optioned } from './options-of.ts'

/** The page of all options and settings: docs/options.md. */
export function optionsPage(): string {
  const all = optioned()
  const modules = [...new Set(all.map(({ module }) => module))]
  return `${[
    '# Options and settings',
    '<!-- Made from the source by `npm run docs:reference`. Change the comments there. -->',
    "Everything that can be set, with its type, its default and its unit. An unknown option, or a wrong value, is refused with an error that names it; only `TidingsError` ignores it, so that it never hides the error that it reports. A `Duration` is a text such as `'5s'` or `'1h30m'`, or a number of milliseconds. An option of an option is written `backoff.min` here and `backoff: { min: '2s' }` in code.",
    'In other places: the options of [every command](cli.md), and of [each stream and handler](./streams/README.md).',
    ...modules.flatMap((module) => [
      `## In \`${module}\``,
      ...all.filter((each) => each.module === module).flatMap(section),
    ]),
    '## Of streams',
    'Each page has the type, the default and the meaning.',
    table(
      ['stream', 'options'],
      streamFacts().flatMap(({ name, options }) =>
        options === undefined
          ? []
          : [[`[${name}](./streams/${name}.md#options)`, codes(options.map((each) => each.name))]],
      ),
    ),
    '## Environment variables',
    table(
      ['variable', 'what it does', 'if unset'],
      environment.map(([name, means, unset]) => [`\`${name}\``, means, unset]),
    ),
    '`--env-file FILE` of commands that load your code reads more variables from a file.',
    '## Secrets',
    "`secret('NAME')`, and every option that takes the name of a secret, looks in these places, in this order. A value is never printed.",
    table(
      ['place', 'for'],
      [
        ['the environment variable `NAME`', 'trying something out'],
        ['the file that the environment variable `NAME_FILE` names', 'containers'],
        ['the file `NAME` in the folder `$CREDENTIALS_DIRECTORY`', 'systemd'],
        ['`"NAME"` in `.tidings/credentials.json`', 'one machine'],
      ],
    ),
  ].join('\n\n')}\n`
}

function section({ calls, options, lesser }: Optioned): readonly string[] {
  const names = calls.map((call) => call.replace(/^new |\(.*$/gs, ''))
  return [
    `### ${names.map((name) => `\`${name}\``).join(', ')}`,
    calls.map((call) => `\`${call}\``).join(' · '),
    table(['option', 'type', 'default', 'what it does'], options.map(cells)),
    ...lesser.map(
      ({ call, without }) => `\`${call}\` takes the same without ${without.map((name) => `\`${name}\``).join(', ')}.`,
    ),
  ]
}

function cells({ name, type, isOptional, fallback, text }: Row): readonly string[] {
  const written = type.replace(/^\| /, '').replaceAll('readonly ', '')
  return [`\`${name}\``, `\`${written}\``, isOptional ? (fallback ?? '–') : '(needed)', text]
}
