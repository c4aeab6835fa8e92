import {
  BehaviorSubject,
  defer,
  filter,
  finalize,
  firstValueFrom,
  from,
  type Observable,
  share,
  switchMap,
  takeUntil,
  tap,
} from 'rxjs'
import { aborted$ } from '../../core/clock.ts'
import type { StoredEvent } from '../../core/event.ts'
import { events$ } from '../../log/events.ts'
import type { Log } from '../../log/port.ts'

/** The events that a log accepts from now on, read once for all subscribers. */
export class LiveEvents {
  readonly events$: Observable<StoredEvent>
  readonly #log: Log
  readonly #over = new AbortController()
  /** The seq of the newest emitted event; infinite while there are no subscribers. */
  readonly #emitted$ = new BehaviorSubject(Number.POSITIVE_INFINITY)

  constructor(log: Log) {
    this.#log = log
    this.events$ = defer(() => from(log.last())).pipe(
      tap((after) => this.#emitted$.next(after)),
      switchMap((after) => events$(log, { after })),
      tap(({ seq }) => this.#emitted$.next(seq)),
      takeUntil(aborted$(this.#over.signal)),
      finalize(() => this.#emitted$.next(Number.POSITIVE_INFINITY)),
      share(),
    )
  }

  /** Resolves when the subscribers have received every event that is now in the log. */
  async caughtUp(): Promise<void> {
    const last = await this.#log.last().catch(() => 0)
    await firstValueFrom(this.#emitted$.pipe(filter((seq) => seq >= last)))
  }

  /** Completes all subscriptions. */
  end(): void {
    this.#over.abort()
  }
}
