import type { StoredEvent } from '../../core/event.ts'
import { follow } from '../../log/follow.ts'
import type { Log } from '../../log/port.ts'
import { narrow } from '../../log/query.ts'
import { type EventQuestion, toQuery } from '../event-question.ts'
import { type ImportAnswer, type ImportOptions, importEvents } from '../import-events.ts'

/** A question for events that are there, and those to come. `after`: only with a higher seq; default the newest. */
export interface FollowQuestion extends Pick<EventQuestion, 'types' | 'identifier'> {
  readonly after?: number
}

/** What can be asked of events. */
export interface EventOperations {
  list(question?: EventQuestion): AsyncIterable<StoredEvent>
  /** The event at this place in the log. */
  at(seq: number): Promise<StoredEvent | undefined>
  /** The latest event of this identity. */
  of(type: string, identifier: string): Promise<StoredEvent | undefined>
  count(question?: EventQuestion): Promise<number>
  last(): Promise<number>
  /**
   * Stores events of another log, one a line of JSON (NDJSON), in order: told to nobody, as when and as which revision
   * they were accepted there. What is known already is skipped; with `skip`, so is a line that is no event, or that does
   * not fit the log.
   *
   * @throws TidingsError `TIDINGS_IMPORT_INVALID`, whose `details.line` is the first line that ends the import; those
   *   before it are stored
   */
  import(ndjson: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<ImportAnswer>
  /** Goes on with what is accepted later, until the signal aborts or the log is closed. */
  follow(question: FollowQuestion, signal: AbortSignal): AsyncIterable<StoredEvent>
}

export function eventOperations(log: Log): EventOperations {
  return {
    list: (question = {}) => log.events(toQuery(question, log.clock)),
    at: async (seq) =>
      seq < 1 ? undefined : first(log.events({ after: seq - 1, limit: 1 }), (event) => event.seq === seq),
    of: (type, identifier) => log.get(type, identifier),
    count: async (question = {}) => {
      let count = 0
      for await (const _ of log.events(toQuery(question, log.clock))) count += 1
      return count
    },
    last: () => log.last(),
    import: (ndjson, options) => importEvents(log, ndjson, options),
    follow: ({ after, ...question }, signal) => {
      const query = toQuery(question, log.clock)
      // A wrong question is refused now, not once the answer has begun.
      narrow({ ...query, ...(after === undefined ? {} : { after }) })
      return after === undefined ? fromNow(log, query, signal) : follow(log, { ...query, after }, signal)
    },
  }
}

async function* fromNow(log: Log, query: ReturnType<typeof toQuery>, signal: AbortSignal): AsyncGenerator<StoredEvent> {
  yield* follow(log, { ...query, after: await log.last() }, signal)
}

async function first<T>(all: AsyncIterable<T>, is: (each: T) => boolean): Promise<T | undefined> {
  for await (const each of all) return is(each) ? each : undefined
  return undefined
}
