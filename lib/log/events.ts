import { Observable, type Subscriber } from 'rxjs'
import type { StoredEvent } from '../core/event.ts'
import type { Log } from './port.ts'

/**
 * - `after`: only events with a higher seq; default 0, the whole log
 * - `live`: go on with what is accepted later; default true. Otherwise completes at the end of the log
 */
export interface FollowOptions {
  readonly after?: number
  readonly live?: boolean
}

/**
 * The events of the log, from the oldest: first those that are there, then, without gap or repeat, those to come.
 * Cold: every subscriber reads for itself, page by page, and reads no further once it unsubscribes. Completes when the
 * log is closed.
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
export function events$(log: Log, { after = 0, live = true }: FollowOptions = {}): Observable<StoredEvent> {
  return new Observable((subscriber) => {
    follow(log, after, live, subscriber).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    )
  })
}

async function follow(log: Log, after: number, live: boolean, subscriber: Subscriber<StoredEvent>): Promise<void> {
  // Listening begins before reading: what is committed in between is not missed.
  let newest = await log.last()
  let ended = false
  let wake: () => void = () => undefined
  const listening = log.committed$.subscribe({
    next: (seq) => {
      newest = seq
      wake()
    },
    complete: () => {
      ended = true
      wake()
    },
  })
  subscriber.add(() => {
    listening.unsubscribe()
    wake()
  })
  for (let seq = after; !subscriber.closed && !ended; ) {
    for await (const event of log.events({ after: seq })) {
      if (subscriber.closed) return
      seq = event.seq
      subscriber.next(event)
    }
    if (!live) return
    if (newest <= seq && !subscriber.closed && !ended) await new Promise<void>((resolve) => (wake = resolve))
  }
}
