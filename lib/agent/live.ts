import { defer, finalize, from, type Observable, share, switchMap, takeUntil, tap } from 'rxjs'
import { abort$ } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { events$ } from '../log/events.ts'
import type { Log } from '../log/port.ts'

/** How many turns of the event loop the end waits for: a log that can't be read for a while holds nobody up. */
const MOST_TURNS = 1000

/** What a log accepts from now on, read once for all who listen. */
export class Live {
  readonly events$: Observable<StoredEvent>
  readonly #log: Log
  readonly #over = new AbortController()
  // The seq of the newest event that was told; beyond all while nobody listens.
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

  /** Completes for everybody, once they have heard all there is. */
  async end(): Promise<void> {
    const last = await this.#log.last().catch(() => 0)
    for (let turn = 0; turn < MOST_TURNS && this.#told < last; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#over.abort()
  }
}
