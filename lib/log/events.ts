import { Observable, type Subscriber, Subscription } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
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

/** A log that is being opened again after a failed write is looked at this often, in ms. */
const LOOK_AGAIN = 1000

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
  const ear = new Ear(log)
  subscriber.add(() => ear.end())
  for (let seq = after; !subscriber.closed && !(live && ear.ended); ) {
    try {
      for await (const event of log.events({ after: seq })) {
        seq = event.seq
        subscriber.next(event)
        if (subscriber.closed) return
      }
      if (!live) return
      if (ear.last <= seq) await ear.more()
    } catch (error) {
      // Who only follows has heard all there was of a log that is closed, and can wait for one that is opened again.
      if (!live || !(hasCode(error, 'TIDINGS_LOG_CLOSED') || hasCode(error, 'TIDINGS_LOG_FAILED'))) throw error
      if (hasCode(error, 'TIDINGS_LOG_CLOSED')) return
      await ear.more(LOOK_AGAIN)
    }
  }
}

/** Hears what a log commits, until it is closed or nobody wants to know any more. */
class Ear {
  last = 0
  ended = false
  readonly #clock: Clock
  readonly #listening = new Subscription()
  #wake: () => void = () => undefined

  constructor({ clock, committed$ }: Log) {
    this.#clock = clock
    const next = (seq: number): void => {
      this.last = seq
      this.#wake()
    }
    this.#listening.add(committed$.subscribe({ next, complete: () => this.end() }))
  }

  end(): void {
    this.ended = true
    this.#listening.unsubscribe()
    this.#wake()
  }

  /** Resolves when there is more, or when it ends; after `ms`, where that is given. */
  async more(ms?: number): Promise<void> {
    if (this.ended) return
    const cancel = ms === undefined ? undefined : this.#clock.timer(() => this.#wake(), ms)
    await new Promise<void>((resolve) => (this.#wake = resolve))
    cancel?.()
  }
}
