import { Subscription } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { SECOND } from '../core/time-units.ts'
import type { Log, Query } from './port.ts'

/** When to read again from a log that has failed, in ms. A log that recovers without a new event sends no signal. */
const RETRY_AFTER = SECOND

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
  const commits = new CommitSignal(log)
  const end = (): void => commits.end()
  signal.addEventListener('abort', end, { once: true })
  try {
    for (let after = query.after ?? 0; !commits.ended && !signal.aborted; ) {
      try {
        const seen = await log.last()
        for await (const event of log.events({ ...query, after })) {
          after = event.seq
          yield event
          if (signal.aborted) return
        }
        after = Math.max(after, seen)
        if (commits.last <= after) await commits.next()
      } catch (error) {
        // A closed log has no more events; a failed one is reopened, so it waits.
        if (hasCode(error, 'TIDINGS_LOG_CLOSED')) return
        if (!hasCode(error, 'TIDINGS_LOG_FAILED')) throw error
        await commits.next(RETRY_AFTER)
      }
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Signals the commits of a log, until the log is closed or `end` is called. */
class CommitSignal {
  /** The highest durable seq that was signalled. */
  last = 0
  ended = false
  readonly #clock: Clock
  readonly #subscription = new Subscription()
  #wake: () => void = () => undefined

  constructor({ clock, committed$ }: Log) {
    this.#clock = clock
    const next = (seq: number): void => {
      this.last = seq
      this.#wake()
    }
    this.#subscription.add(committed$.subscribe({ next, complete: () => this.end() }))
  }

  end(): void {
    this.ended = true
    this.#subscription.unsubscribe()
    this.#wake()
  }

  /** Resolves at the next commit, at the end, or after `ms`, if given. */
  async next(ms?: number): Promise<void> {
    if (this.ended) return
    const cancel = ms === undefined ? undefined : this.#clock.timer(() => this.#wake(), ms)
    await new Promise<void>((resolve) => (this.#wake = resolve))
    cancel?.()
  }
}
