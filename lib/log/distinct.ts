import { catchError, concatAll, map, mergeMap, type Observable, of, throwError } from 'rxjs'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkLog } from './check-log.ts'
import type { Log } from './port.ts'

/** The stored event type of a draft type. */
export type EventOfDraft<D> = D extends Draft<infer N, infer T> ? StoredEvent<N, T> : never

/**
 * Drops duplicates: offers every draft to the log and emits the events that it accepts now, in order.
 *
 * ```
 * in:   --a--b--a--c--|      letters are identities
 *       distinctByIdentifier(log)
 * out:  --a--b-----c--|      as events, once they are durable
 * ```
 *
 * Drops drafts accepted earlier, in this run of the program or another. On its own this is *at most once*: an event is
 * stored, then emitted, and not emitted again if the process dies in between. For at least once, use a listener on the
 * log. A draft that the log rejects is an error of the stream.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` if `log` is not a Log
 *
 * @example
 * ```ts
 * import { of } from 'rxjs'
 * import { distinctByIdentifier, eventType, memoryLog } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const log = await memoryLog()
 * of(greeting('1', { payload: 'a' }), greeting('1', { payload: 'b' }))
 *   .pipe(distinctByIdentifier(log))
 *   .subscribe((event) => console.log(event.seq, event.data.payload))
 * ```
 */
export function distinctByIdentifier(
  log: Log,
): <D extends Draft>(drafts: Observable<D>) => Observable<EventOfDraft<D>> {
  checkLog(log, 'distinctByIdentifier()')
  // Offers every draft at once, so that drafts share commits; `concatAll` then takes the answers in order.
  const offer = (draft: Draft): Promise<readonly Accepted[]> => {
    const answer = log.accept([draft])
    answer.catch(() => undefined)
    return answer
  }
  return <D extends Draft>(drafts: Observable<D>) =>
    drafts.pipe(
      map(offer),
      // An error of the source takes its turn too, behind the events of earlier drafts.
      catchError((error: unknown) => of(throwError(() => error))),
      concatAll(),
      mergeMap(([accepted]) => (accepted?.event === undefined ? [] : [accepted.event as EventOfDraft<D>])),
    )
}
