import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Draft } from '../../../lib/index.ts'
import { root } from '../../support/exported-modules.ts'
import { codes, table } from '../markdown.ts'
import type { Row } from '../members.ts'
import { commentFailures, type Failure, githubFailures, handlerFailures, sourceFailures } from './failures.ts'
import type { EventFacts, FunctionFacts, StreamFacts } from './source.ts'

/** The page of a stream; `examples` are the drafts of one run. */
export async function pageOf(facts: StreamFacts, examples: readonly Draft[]): Promise<string> {
  const { name, summary, options, events, functions } = facts
  const [text, ...notes] = splitNotes(facts.text)
  const handlers = functions.filter(({ isHandler }) => isHandler)
  const others = functions.filter(({ isHandler }) => !isHandler)
  const sections = [
    `# ${name}`,
    '<!-- Made from the source by `npm run docs:streams`. Change the comments there. -->',
    `${summary} \`import { ${name} } from 'tidings/streams/${name}'\``,
    withoutStart(text ?? '', summary),
    '## A program',
    facts.example,
    ...(options === undefined ? [] : ['## Options', table(['option', 'type', 'default', ''], options.map(optionRow))]),
    ...(events.length === 0 ? [] : ['## Events', ...eventSections(events, examples)]),
    ...(handlers.length === 0 ? [] : ['## Handlers', ...handlers.flatMap(functionSections)]),
    ...(others.length === 0 ? [] : ['## Functions', ...others.flatMap(functionSections)]),
    ...(notes.length === 0 ? [] : ['## Limits and errors', ...notes]),
    ...failureSection('When the service fails', await failuresOf(facts)),
    ...failureSection('When a handler fails', handlers.length === 0 ? [] : await handlerFailuresOf(facts)),
    'All codes are in [errors](../errors.md). To test an agent with this stream without its service, see [testing](../testing.md).',
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const ADDRESSES = `A stream asks the address that its options name, public or private. Redirects are followed up to five times, never from \`https\` to \`http\`, and credentials stay with the server that they are for; handlers follow none. From a public service, neither a redirect nor a next page leads to a private address: this machine, the ranges of RFC 1918, 4193, 6598 and 3927, a name without a dot, or one that ends in \`.localhost\`, \`.local\` or \`.internal\`. Names are not looked up: against a public name that stands for a private address, only a firewall helps.`

async function failuresOf({ options, files }: StreamFacts): Promise<readonly Failure[]> {
  if (options === undefined) return []
  if (files.includes('streams/github/client.ts')) return githubFailures()
  if (!files.includes('streams/shared/http-client.ts')) return []
  return sourceFailures(files.some((file) => readsJson(join(root, file))))
}

async function handlerFailuresOf({ files }: StreamFacts): Promise<readonly Failure[]> {
  if (files.includes('streams/github/client.ts')) return commentFailures()
  return files.includes('streams/shared/http-handler.ts') ? handlerFailures() : []
}

function readsJson(file: string): boolean {
  return !file.includes('/shared/') && /\.json\(\)/.test(readFileSync(file, 'utf8'))
}

function failureSection(title: string, failures: readonly Failure[]): string[] {
  return failures.length === 0 ? [] : [`## ${title}`, table(['the service', 'then'], failures)]
}

/** The page that lists all streams. */
export function indexOf(all: readonly StreamFacts[]): string {
  const link = ({ name }: StreamFacts): string => `[${name}](${name}.md)`
  const sources = all.filter(({ options }) => options !== undefined)
  const acting = all.filter((facts) => handlersOf(facts).length > 0)
  const names = (some: readonly StreamFacts[]): string[] => some.map(({ name }) => name)
  return `${[
    '# Streams',
    '<!-- Made from the source by `npm run docs:streams`. -->',
    "Ready-made sources and handlers. Each is a module of its own: `import { github } from 'tidings/streams/github'`. A source makes jobs from its options and carries its event types; a handler is the last argument of `listener`.",
    picture(names(sources), names(acting)),
    '## Sources',
    table(
      ['stream', 'publishes', 'event types'],
      sources.map((facts) => [link(facts), facts.summary, codes(facts.events.map(({ name }) => name))]),
    ),
    '## Handlers',
    table(
      ['handler', 'what it does', 'stream'],
      acting.flatMap((facts) =>
        handlersOf(facts).map(({ name, text }) => [`\`${name}\``, firstSentence(text), link(facts)]),
      ),
    ),
    '## Addresses',
    ADDRESSES,
    'A service that is not here takes a page of code: [write your own stream](../writing-streams.md).',
  ].join('\n\n')}\n`
}

function handlersOf({ functions }: StreamFacts): readonly FunctionFacts[] {
  return functions.filter(({ isHandler }) => isHandler)
}

function picture(sources: readonly string[], handlers: readonly string[]): string {
  const width = Math.max(...sources.map(({ length }) => length))
  const rows = Array.from({ length: Math.max(sources.length, handlers.length) }, (_, i) => {
    const arrow = i === 0 ? ' ─┐' : ' ─┤'
    const left = sources[i] === undefined ? ' '.repeat(width + 3) : `${sources[i].padEnd(width)}${arrow}`
    const middle = i === 0 ? '  the log: each happening once  ' : ' '.repeat(32)
    return `${left}${middle}${handlers[i] === undefined ? '' : `${i === 0 ? '┌─' : '├─'} ${handlers[i]}`}`.trimEnd()
  })
  return ['```', ...rows, '```'].join('\n')
}

function eventSections(events: readonly EventFacts[], examples: readonly Draft[]): string[] {
  const kinds = [...new Set(events.map(({ data }) => data))]
  const list = table(
    ['event type', 'its name in the log', 'data'],
    events.map(({ name, type, data }) => [`\`${name}\``, `\`${type}\``, `\`${data}\``]),
  )
  const members = kinds.flatMap((kind) => {
    const of = events.find(({ data }) => data === kind)?.members ?? []
    return of.length === 0 ? [] : [`### ${kind}`, table(['member', 'type', ''], of.map(memberRow))]
  })
  const [example] = examples
  const shown = example === undefined ? [] : ['### An event', ['```json', exampleText(example), '```'].join('\n')]
  return [list, ...members, ...shown]
}

/** A draft as JSON, without what differs from run to run. */
function exampleText({ type, identifier, version, data }: Draft): string {
  const text = JSON.stringify({ type, identifier, ...(version === undefined ? {} : { version }), data }, null, 2)
  return (
    text
      .replaceAll(/http:\/\/(127\.0\.0\.1|localhost):\d+/g, 'https://service.example')
      .replaceAll(/(127\.0\.0\.1|localhost):\d+/g, 'service.example')
      // A temporary directory, wherever they are.
      .replaceAll(/[^"\s]*\/tidings-spec-[\w-]+/g, '/home/me/engine')
  )
}

function functionSections({ name, parameters, options, text }: FunctionFacts): string[] {
  const list = parameters.map((each) => `${each.name}${each.isOptional ? '?' : ''}`).join(', ')
  return [
    `### ${name}(${list})`,
    text,
    ...(parameters.some((each) => each.text !== '')
      ? [
          table(
            ['parameter', 'type', ''],
            parameters.map((each) => memberRow({ ...each, text: each.text || 'see below' })),
          ),
        ]
      : []),
    ...options.flatMap((one) => [
      `\`${one.name}\`:`,
      table(['option', 'type', 'default', ''], one.members.map(optionRow)),
    ]),
  ]
}

function optionRow({ name, type, isOptional, fallback, text }: Row): string[] {
  const byDefault = fallback === undefined ? '' : `\`${fallback}\``
  return [`\`${name}\``, `\`${type}\``, isOptional ? byDefault : '(needed)', text]
}

function memberRow({ name, type, isOptional, text }: Row): string[] {
  return [`\`${name}${isOptional ? '?' : ''}\``, `\`${type}\``, text]
}

/** The text of a comment, and its paragraphs about limits and errors. */
function splitNotes(text: string): readonly string[] {
  const paragraphs = text.split(/\n\s*\n/)
  const isNote = (paragraph: string): boolean => /^\*\*(Limits|Errors)/.test(paragraph)
  return [paragraphs.filter((each) => !isNote(each)).join('\n\n'), ...paragraphs.filter(isNote)]
}

function withoutStart(text: string, start: string): string {
  return (text.startsWith(start) ? text.slice(start.length) : text).trim()
}

function firstSentence(text: string): string {
  const sentence = /^.*?[.](?=\s|$)/s.exec(text)?.[0].replaceAll(/\s+/g, ' ').replace(/:.*$/s, '.') ?? text
  return sentence.replace(/^Returns a handler that (\w)/, (_, first: string) => first.toUpperCase())
}
