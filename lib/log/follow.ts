import { Subscription } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Log, Query } from './port.ts'

/** A log that is being opened again after a failed write is looked at this often, in ms. */
const LOOK_AGAIN = 1000

/**
 * The events that answer a question: first those that are there, then, without gap or repeat, those to come; it reads
 * no further than it is asked. Ends when the signal aborts or the log is closed.
 */
export async function* follow(
  log: Log,
  query: Omit<Query, 'limit' | 'reverse'>,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  // Listening begins before reading: what is committed in between is not missed.
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
        // Who follows has heard all there was of a log that is closed, and can wait for one that is opened again.
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
