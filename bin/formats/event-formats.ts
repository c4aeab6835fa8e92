import type { StoredEvent } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { jsonLine } from '../print/print.ts'
import { cloudEventOf } from './cloud-event.ts'
import { csvHeader, csvRowOf } from './csv-events.ts'

/** The formats in which events are written, and read again. */
export const formats = ['ndjson', 'json', 'csv', 'cloudevents'] as const

export type EventFormat = (typeof formats)[number]

/** The option of commands that write events. */
export const format = {
  type: 'string',
  describe: 'Write ndjson (an object a line), json (an array), csv, or cloudevents (CloudEvents 1.0, one a line)',
} as const

/** @throws UsageError for an unknown format */
export function formatOf(given: string): EventFormat {
  const found = formats.find((each) => each === given)
  if (found === undefined)
    throw new UsageError(`--format must be one of ${formats.join(', ')}, got ${JSON.stringify(given)}`)
  return found
}

/** Yields the text of events, piece by piece. `log`: resolves to the id of their log, which CloudEvents name. */
export async function* eventText(
  as: EventFormat,
  events: AsyncIterable<StoredEvent>,
  log: () => Promise<string>,
): AsyncGenerator<string> {
  if (as === 'csv') {
    yield csvHeader
    for await (const event of events) yield csvRowOf(event)
    return
  }
  if (as === 'json') {
    let before = '['
    for await (const event of events) {
      yield `${before}\n${jsonLine(event).trimEnd()}`
      before = ','
    }
    yield before === '[' ? '[]\n' : '\n]\n'
    return
  }
  const id = as === 'cloudevents' ? await log() : ''
  for await (const event of events) yield jsonLine(as === 'cloudevents' ? cloudEventOf(event, id) : event)
}
