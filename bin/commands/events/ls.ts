import { escapeLines } from '../../../lib/core/escape.ts'
import type { StoredEvent } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { type EventFormat, eventText, format, formatOf } from '../../formats/event-formats.ts'
import { askLog } from '../../logs/ask-log.ts'
import { type Output, print, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { searching, searchOf } from './search.ts'

/** The head of a list of events. */
export const HEAD = ['seq', 'accepted', 'type', 'identifier', 'data'] as const

export const ls = command({
  summary: 'List events, oldest first. --json prints one object per line (NDJSON).',
  takes: [],
  options: {
    ...searching,
    after: { type: 'number', describe: 'Only events after this seq' },
    before: { type: 'number', describe: 'Only events before this seq' },
    limit: { type: 'number', describe: 'At most this many' },
    reverse: { type: 'boolean', describe: 'Newest first' },
    format,
    ...reading,
  },
  examples: [
    ['--reverse --limit 20', 'Lists the newest twenty'],
    ['--reverse --limit 20 --before 4711', 'Lists the twenty before them, if 4711 is the oldest of those'],
    ["--type 'github.*' --since 2h", 'Lists what came from GitHub in the last two hours'],
    ["--where 'data.stars > 3 and not data.draft = true'", 'Lists those for which an expression holds'],
    ['--since 2027-01-01 --until 2027-01-31 --json', 'Lists January, one JSON object per line'],
    ['--type mail --format csv', 'Lists them as a table for a spreadsheet'],
  ],
  run: (given) => {
    const as = formatFrom(given)
    return askLog(given, async ({ events, db }) => {
      const found = events.list(searchOf(given))
      if (as !== undefined) for await (const text of eventText(as, found, () => db.id())) await print(shown(text))
      else {
        const printed = await printRows(HEAD, rowsOf(found))
        if (printed === 0) printNote('no events')
      }
      return exitCodes.ok
    })
  },
})

function formatFrom({
  json,
  format,
}: {
  readonly json?: boolean | undefined
  readonly format?: string | undefined
}): EventFormat | undefined {
  if (json && format !== undefined) throw new UsageError('--json is --format ndjson: give one of them')
  if (format !== undefined) return formatOf(format)
  return json ? 'ndjson' : undefined
}

/** CSV for a terminal: what acts on one is escaped. JSON is escaped already. */
export function shown(text: string, output: Output = process.stdout): string {
  if (output.isTTY !== true) return text
  const end = text.trimEnd().length
  return escapeLines(text.slice(0, end)) + text.slice(end)
}

async function* rowsOf(events: AsyncIterable<StoredEvent>): AsyncGenerator<Row> {
  for await (const event of events) yield rowOf(event)
}

/** Formats an event as a row. */
export function rowOf({ seq, created, type, identifier, data }: StoredEvent): Row {
  return [seq, new Date(created), type, identifier, JSON.stringify(data)]
}
