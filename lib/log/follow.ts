import { Subscription } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Log, Query } from './port.ts'

/** How often to poll a log that is reopening after a failed write, in ms. */
const LOOK_AGAIN = 1000

/**
 * Iterates over the events that match a query: first the stored ones, then, without gap or repeat, new ones. Reads no
 * further than the caller iterates. Ends when the signal aborts or the log is closed.
 */
export async function* follow(
  log: Log,
  query: Omit<Query, 'limit' | 'reverse'>,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  // Subscribes before reading, so that no commit in between is missed.
  const ear = new Ear(log)
  const end = (): void => ear.end()
  signal.addEventListener('abort', end, { once: true })
  try {
    for (let after = query.after ?? 0; !ear.ended && !signal.aborted; ) {
      try {
        const seen = await log.last()
        for await (const event of log.events({ ...query, after })) {
          after = event.seq
          yield event
          if (signal.aborted) return
        }
        after = Math.max(after, seen)
        if (ear.last <= after) await ear.more()
      } catch (error) {
        // A closed log has no more events; a failed one is reopened, so it waits.
        if (hasCode(error, 'TIDINGS_LOG_CLOSED')) return
        if (!hasCode(error, 'TIDINGS_LOG_FAILED')) throw error
        await ear.more(LOOK_AGAIN)
      }
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Subscribes to the commits of a log, until the log is closed or `end` is called. */
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

  /** Resolves when there is more, when it ends, or after `ms`, if given. */
  async more(ms?: number): Promise<void> {
    if (this.ended) return
    const cancel = ms === undefined ? undefined : this.#clock.timer(() => this.#wake(), ms)
    await new Promise<void>((resolve) => (this.#wake = resolve))
    cancel?.()
  }
}
