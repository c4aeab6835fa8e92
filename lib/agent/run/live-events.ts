import { defer, finalize, from, type Observable, share, switchMap, takeUntil, tap } from 'rxjs'
import { abort$ } from '../../core/clock.ts'
import type { StoredEvent } from '../../core/event.ts'
import { events$ } from '../../log/events.ts'
import type { Log } from '../../log/port.ts'

/** How many turns of the event loop `end` waits at most: an unreadable log must not block it. */
const MOST_TURNS = 1000

/** The events that a log accepts from now on, read once for all subscribers. */
export class LiveEvents {
  readonly events$: Observable<StoredEvent>
  readonly #log: Log
  readonly #over = new AbortController()
  // The seq of the newest emitted event; infinite while there are no subscribers.
  #told = Number.POSITIVE_INFINITY

  constructor(log: Log) {
    this.#log = log
    this.events$ = defer(() => from(log.last())).pipe(
      tap((after) => (this.#told = after)),
      switchMap((after) => events$(log, { after })),
      tap(({ seq }) => (this.#told = seq)),
      takeUntil(abort$(this.#over.signal)),
      finalize(() => (this.#told = Number.POSITIVE_INFINITY)),
      share(),
    )
  }

  /** Completes all subscriptions, once they have received everything. */
  async end(): Promise<void> {
    const last = await this.#log.last().catch(() => 0)
    for (let turn = 0; turn < MOST_TURNS && this.#told < last; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#over.abort()
  }
}
