import type { StoredEvent } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { jsonLine, print, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { searching, searchOf } from './search.ts'

export const ls = command({
  summary: 'List events, oldest first. --json prints one object per line (NDJSON).',
  takes: [],
  options: {
    ...searching,
    limit: { type: 'number', describe: 'At most this many' },
    reverse: { type: 'boolean', describe: 'Newest first' },
    ...reading,
  },
  examples: [
    ['--reverse --limit 20', 'Lists the newest twenty'],
    ["--type 'github.*' --since 2h", 'Lists what came from GitHub in the last two hours'],
    ["--where 'data.stars > 3 and not data.draft = true'", 'Lists those for which an expression holds'],
    ['--since 2027-01-01 --until 2027-01-31 --json', 'Lists January, one JSON object per line'],
  ],
  run: (given) =>
    askLog(given, async ({ events }) => {
      const found = events.list(searchOf(given))
      if (given.json) for await (const event of found) await print(jsonLine(event))
      else {
        const printed = await printRows(['seq', 'accepted', 'type', 'identifier', 'data'], rowsOf(found))
        if (printed === 0) printNote('no events')
      }
      return exitCodes.ok
    }),
})

async function* rowsOf(events: AsyncIterable<StoredEvent>): AsyncGenerator<Row> {
  for await (const event of events) yield rowOf(event)
}

/** Formats an event as a row. */
export function rowOf({ seq, created, type, identifier, data }: StoredEvent): Row {
  return [String(seq), new Date(created).toISOString(), type, identifier, JSON.stringify(data)]
}
