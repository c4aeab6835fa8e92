import { Observable, type Subscriber } from 'rxjs'
import type { StoredEvent } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import { checkLog } from './check-log.ts'
import { follow } from './follow.ts'
import type { Log } from './port.ts'

/** Where to begin, and whether to continue with new events. */
export interface FollowOptions {
  /** Only events with a higher seq; default 0, the whole log. */
  readonly after?: number
  /** Continues with events accepted later; default true. With false it completes at the end of the log. */
  readonly live?: boolean
}

/**
 * Emits the events of the log, from the oldest: first the stored ones, then, without gap or repeat, new ones. Cold:
 * each subscriber reads by itself, page by page, and stops reading when it unsubscribes. Completes when the log is
 * closed.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` if `log` is not a Log, or an option is unknown
 *
 * @example
 * ```ts
 * import { toArray } from 'rxjs'
 * import { events$, memoryLog } from 'tidings'
 *
 * const log = await memoryLog()
 * await log.accept([{ type: 'greeting', identifier: '1', data: 'hello' }])
 * events$(log, { live: false }).pipe(toArray()).subscribe((events) => console.log(events.length))
 * ```
 */
export function events$(log: Log, options: FollowOptions = {}): Observable<StoredEvent> {
  checkLog(log, 'events$()')
  checkOptions(options, { after: true, live: true }, 'TIDINGS_LOG_INVALID', 'of events$()')
  const { after = 0, live = true } = options
  return new Observable((subscriber) => {
    const unsubscribed = new AbortController()
    subscriber.add(() => unsubscribed.abort())
    const events = live ? follow(log, { after }, unsubscribed.signal) : log.events({ after })
    emitAll(events, subscriber).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    )
  })
}

async function emitAll(events: AsyncIterable<StoredEvent>, subscriber: Subscriber<StoredEvent>): Promise<void> {
  for await (const event of events) {
    subscriber.next(event)
    if (subscriber.closed) return
  }
}
