import type { StoredEvent } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { Which } from '../../logs/which-log.ts'
import { jsonLine } from '../../print/json.ts'
import { print } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { note } from '../../print/tell.ts'
import { questionOf, type Wanted } from './event-question.ts'

/** Prints events: a table, or with `json` one object a line; resolves to the exit code. */
export function listEvents(asked: Wanted & Which & { readonly json?: boolean | undefined }): Promise<number> {
  return askLog(asked, async ({ events }) => {
    const found = events.list(questionOf(asked))
    if (asked.json) for await (const event of found) await print(jsonLine(event))
    else if ((await printRows(['seq', 'accepted', 'type', 'identifier', 'data'], rows(found))) === 0) note('no events')
    return exitCodes.ok
  })
}

async function* rows(events: AsyncIterable<StoredEvent>): AsyncGenerator<Row> {
  for await (const event of events) yield rowOf(event)
}

/** Formats an event as a row. */
export function rowOf({ seq, created, type, identifier, data }: StoredEvent): Row {
  return [String(seq), new Date(created).toISOString(), type, identifier, JSON.stringify(data)]
}
