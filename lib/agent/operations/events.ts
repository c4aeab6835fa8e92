import { defined } from '../../core/defined.ts'
import type { StoredEvent } from '../../core/event.ts'
import { follow } from '../../log/follow.ts'
import type { Log } from '../../log/port.ts'
import { narrow } from '../../log/query.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type EventQuestion, toQuery } from './event-search.ts'
import { type ImportAnswer, type ImportOptions, importEvents } from './import-events.ts'
import { MOST_READ } from './most-read.ts'
import { type SearchAnswer, type SearchQuestion, searchEvents } from './search-events.ts'
import { type EventStory, storyOf } from './story.ts'
import { Tallier, type Tally, type TallyOptions } from './tally.ts'

/** A query for existing and future events. */
export interface FollowQuestion extends Pick<EventQuestion, 'types' | 'identifier' | 'where'> {
  /** Only events with a higher seq than this; default the newest seq, so only future events. */
  readonly after?: number
}

/** A query for events, and what to count them by. */
export interface TallyQuestion extends Omit<EventQuestion, 'after' | 'before' | 'limit' | 'reverse'>, TallyOptions {}

/** The operations on events. */
export interface EventOperations {
  /** The matching events; default all, oldest first. */
  list(question?: EventQuestion): AsyncIterable<StoredEvent>
  /** The event at this seq. */
  at(seq: number): Promise<StoredEvent | undefined>
  /** The latest event of this identity. */
  of(type: string, identifier: string): Promise<StoredEvent | undefined>
  /** The events with exactly this identifier, newest first: the latest of each type. */
  find(identifier: string): Promise<readonly StoredEvent[]>
  /** Searches the newest events for text: at most 20 000 a call, see `next` of the answer. */
  search(question: SearchQuestion): Promise<SearchAnswer>
  /** Where the event at this seq comes from, and what became of it; undefined without one. */
  story(seq: number): Promise<EventStory | undefined>
  /** The number of matching events; default all. */
  count(question?: EventQuestion): Promise<number>
  /**
   * How many of the matching events there are of each value: of a path such as `data.repo.name`, or by hour or day.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` for a `by` that is not a path of an event
   */
  tally(question: TallyQuestion): Promise<Tally>
  /** The seq of the newest event. */
  last(): Promise<number>
  /**
   * Stores events of another log, one line of JSON each (NDJSON), in order, with their original time and revision, and
   * delivers them to no listener. Skips events that the log already has; with `skip`, also lines that are not events, or
   * do not fit the log.
   *
   * @throws TidingsError `TIDINGS_IMPORT_INVALID`, whose `details.line` is the first line that ends the import; those
   *   before it are stored
   */
  import(ndjson: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<ImportAnswer>
  /** Yields matching events, including those accepted later, until the signal aborts or the log is closed. */
  follow(question: FollowQuestion, signal: AbortSignal): AsyncIterable<StoredEvent>
}

export function eventOperations(log: Log, agent?: AgentControl): EventOperations {
  return {
    list: (question = {}) => log.events(toQuery(question, log.clock)),
    at: async (seq) => (await log.stored(seq))?.event,
    of: (type, identifier) => log.get(type, identifier),
    find: (identifier) => latestOf(log, identifier),
    search: (question) => searchEvents(log, question),
    story: (seq) => storyOf(log, agent, seq),
    count: async (question = {}) => {
      let count = 0
      for await (const _ of log.events(toQuery(question, log.clock))) count += 1
      return count
    },
    tally: async ({ by, limit, ...question }) => {
      const tallier = new Tallier({ by, ...defined({ limit }) })
      for await (const event of log.events(toQuery(question, log.clock))) tallier.add(event)
      return tallier.done()
    },
    last: () => log.last(),
    import: (ndjson, options) => importEvents(log, ndjson, options),
    follow: ({ after, ...question }, signal) => {
      const query = toQuery(question, log.clock)
      // Reject a wrong question now, not after the answer has begun.
      narrow({ ...query, ...defined({ after }) })
      return after === undefined ? fromNow(log, query, signal) : follow(log, { ...query, after }, signal)
    },
  }
}

/** How many types are asked for an identifier at a time. */
const AT_ONCE = 100

async function latestOf(log: Log, identifier: string): Promise<StoredEvent[]> {
  const found: StoredEvent[] = []
  let types: string[] = []
  const look = async (): Promise<void> => {
    const events = await Promise.all(types.map((type) => log.get(type, identifier)))
    found.push(...events.filter((event) => event !== undefined))
    types = []
  }
  let read = 0
  for await (const { type } of log.types()) {
    if (types.push(type) === AT_ONCE) await look()
    if (++read === MOST_READ) break
  }
  await look()
  return found.toSorted((a, b) => b.seq - a.seq)
}

async function* fromNow(log: Log, query: ReturnType<typeof toQuery>, signal: AbortSignal): AsyncGenerator<StoredEvent> {
  yield* follow(log, { ...query, after: await log.last() }, signal)
}
