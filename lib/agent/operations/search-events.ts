import { defined } from '../../core/defined.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import { parseInstant } from './event-search.ts'
import { MOST_READ } from './most-read.ts'
import { newestFirst } from './newest-first.ts'

/** The most events that one search finds. */
const MOST_FOUND = 100

/** A search for text. */
export interface SearchQuestion {
  /** The text, in any case: in the type, the identifier, or the data as JSON. */
  readonly text: string
  /** Names, or patterns where `*` matches any characters; default all types. */
  readonly types?: readonly string[]
  /** Only events from this time on, in the form of `EventQuestion.since`; default all. */
  readonly since?: string
  /** Only events with a lower seq; default all. To search on: the `next` of the last answer. */
  readonly before?: number
  /** Reads at most this many events, up to 20 000; default 20 000. */
  readonly scan?: number
  /** Finds at most this many events, up to 100; default 100. */
  readonly limit?: number
}

/** What a search has found. */
export interface SearchAnswer {
  /** The events, newest first. */
  readonly events: readonly StoredEvent[]
  /** Present while older events have not been searched: search on with this as `before`. */
  readonly next?: number
  /** The number of events that were read. */
  readonly scanned: number
}

/**
 * Searches the newest events for text. Each call reads a bounded number of events and lets other work have its turn, so
 * a search through a large log is several calls.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the invalid part
 */
export async function searchEvents(log: Log, question: SearchQuestion): Promise<SearchAnswer> {
  const { types, before } = question
  const since =
    question.since === undefined ? Number.NEGATIVE_INFINITY : parseInstant(question.since, 'since', log.clock)
  const scan = Math.max(1, Math.min(count(question.scan, 'scan', MOST_READ), MOST_READ))
  const limit = Math.max(1, Math.min(count(question.limit, 'limit', MOST_FOUND), MOST_FOUND))
  const has = textTest(question.text)
  const fits = (event: StoredEvent): boolean => event.created >= since && has(event)
  const events: StoredEvent[] = []
  const walk = { query: { ...defined({ types, before }), since }, fits, most: scan, scanned: 0 }
  for await (const event of newestFirst(log, walk)) {
    if (fits(event)) events.push(event)
    if (walk.scanned < scan && events.length < limit) continue
    return { events, ...(event.seq > 1 ? { next: event.seq } : {}), scanned: walk.scanned }
  }
  return { events, scanned: walk.scanned }
}

// Data is searched as JSON, so a text with a quote or a line break is searched as JSON writes it.
function textTest(text: string): (event: StoredEvent) => boolean {
  const wanted = text.toLowerCase()
  const inJson = JSON.stringify(text).slice(1, -1).toLowerCase()
  return ({ type, identifier, data }) =>
    type.toLowerCase().includes(wanted) ||
    identifier.toLowerCase().includes(wanted) ||
    JSON.stringify(data).toLowerCase().includes(inJson)
}
