import { lines } from '../../lib/cli.ts'
import { eventOfCloudEvent } from './cloud-event.ts'
import { eventsOfCsv, isCsv } from './csv-events.ts'
import { jsonItems } from './json-items.ts'

/** Events as lines of JSON, whatever their format was. `unit`: what holds one event. */
export interface EventLines {
  readonly lines: AsyncIterable<Uint8Array>
  readonly unit: 'line' | 'row' | 'item'
}

/** How much is looked at to recognize the format, in bytes. */
const LOOK = 4096

/** Recognizes the format of events by how they begin, and turns them into lines of JSON. */
export async function readEvents(pieces: AsyncIterable<Uint8Array>): Promise<EventLines> {
  const { head, all } = await begun(pieces)
  const start = head.replace(/^\ufeff/, '').trimStart()
  if (isCsv(head)) return { lines: bytes(eventsOfCsv(decoded(all))), unit: 'row' }
  if (start.startsWith('[')) return { lines: bytes(map(jsonItems(decoded(all)), eventOf)), unit: 'item' }
  const [first = ''] = start.split('\n', 1)
  if (isCloudEvent(first)) return { lines: bytes(map(lines(all), eventOf)), unit: 'line' }
  return { lines: all, unit: 'line' }
}

const isCloudEvent = (text: string): boolean => text.includes('"specversion"')

/** The JSON of an event; a text that is neither an event nor a CloudEvent is left to those who read it. */
function eventOf(text: string): string {
  if (!isCloudEvent(text)) return text
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>
    return value['specversion'] === '1.0' ? JSON.stringify(eventOfCloudEvent(value)) : text
  } catch (error) {
    return error instanceof TypeError ? error.message : text
  }
}

async function begun(pieces: AsyncIterable<Uint8Array>): Promise<{ head: string; all: AsyncGenerator<Uint8Array> }> {
  const iterator = pieces[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  for (let size = 0; size < LOOK; ) {
    const next = await iterator.next()
    if (next.done === true) break
    read.push(next.value)
    size += next.value.length
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* read.splice(0)
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { head: new TextDecoder().decode(Buffer.concat(read).subarray(0, LOOK)), all: all() }
}

async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true })
  yield decoder.decode()
}

async function* map(texts: AsyncIterable<string>, to: (text: string) => string): AsyncGenerator<string> {
  for await (const text of texts) yield to(text)
}

async function* bytes(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(`${text.replaceAll(/[\r\n]/g, ' ')}\n`)
}
