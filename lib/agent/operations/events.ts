import { defined } from '../../core/defined.ts'
import type { StoredEvent } from '../../core/event.ts'
import { follow } from '../../log/follow.ts'
import type { Log } from '../../log/port.ts'
import { narrow } from '../../log/query.ts'
import { type EventQuestion, toQuery } from './event-search.ts'
import { type ImportAnswer, type ImportOptions, importEvents } from './import-events.ts'
import { Tallier, type Tally, type TallyOptions } from './tally.ts'

/** A query for existing and future events. */
export interface FollowQuestion extends Pick<EventQuestion, 'types' | 'identifier' | 'where'> {
  /** Only events with a higher seq than this; default the newest seq, so only future events. */
  readonly after?: number
}

/** A query for events, and what to count them by. */
export interface TallyQuestion extends Omit<EventQuestion, 'limit' | 'reverse'>, TallyOptions {}

/** The operations on events. */
export interface EventOperations {
  /** The matching events; default all, oldest first. */
  list(question?: EventQuestion): AsyncIterable<StoredEvent>
  /** The event at this seq. */
  at(seq: number): Promise<StoredEvent | undefined>
  /** The latest event of this identity. */
  of(type: string, identifier: string): Promise<StoredEvent | undefined>
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

export function eventOperations(log: Log): EventOperations {
  return {
    list: (question = {}) => log.events(toQuery(question, log.clock)),
    at: (seq) => eventAt(log, seq),
    of: (type, identifier) => log.get(type, identifier),
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

/** The event at a seq; undefined without one. */
export async function eventAt(log: Log, seq: number): Promise<StoredEvent | undefined> {
  for await (const event of log.events({ after: Math.max(0, seq - 1), limit: 1 }))
    return event.seq === seq ? event : undefined
  return undefined
}

async function* fromNow(log: Log, query: ReturnType<typeof toQuery>, signal: AbortSignal): AsyncGenerator<StoredEvent> {
  yield* follow(log, { ...query, after: await log.last() }, signal)
}
