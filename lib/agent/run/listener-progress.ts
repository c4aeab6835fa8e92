import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import { MINUTE } from '../../core/time-units.ts'
import type { DeliveryOutcome } from '../../dispatch/outcome.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, Lag, Log } from '../../log/port.ts'

/** With events to handle, a listener that starts no delivery for this long, in ms, is stuck. */
const PATIENCE = MINUTE

/**
 * When a listener last made progress: a delivery began or ended. Deliveries that time out do not count, because a
 * handler that never settles makes no progress.
 */
export class ListenerProgress {
  readonly #clock: Clock
  #last: number
  #timedOut = false

  /** @param clock one that never steps back */
  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = clock.now()
  }

  /** The listener begins to receive events. */
  restart(): void {
    this.#last = this.#clock.now()
    this.#timedOut = false
  }

  /** A delivery begins, `now` in ms since the epoch. */
  began(now: number): void {
    if (!this.#timedOut) this.#last = now
  }

  /** A delivery has ended, `now` in ms since the epoch. */
  ended(outcome: DeliveryOutcome, now: number): void {
    this.#timedOut = outcome.end === 'retry' && hasCode(outcome.error, 'TIDINGS_LISTENER_TIMEOUT')
    if (!this.#timedOut) this.#last = now
  }

  /**
   * Whether there are events to handle, and no progress. `next`: when the oldest event that was not yet tried was
   * accepted, in ms since the epoch.
   */
  isStuck({ settings }: Listener, { running, retrying }: Lag, next: number | undefined): boolean {
    const { timeout, ordered } = settings
    const now = this.#clock.now()
    if (running > 0 || this.#timedOut) return now - this.#last > 2 * timeout
    // An ordered listener holds all events back until the pending retry has run.
    if (next === undefined || (ordered === true && retrying > 0)) return false
    return now - Math.max(this.#last, next) > Math.min(2 * timeout, PATIENCE)
  }
}

/** When the oldest unsettled events of a listener were accepted, in ms since the epoch; undefined without any. */
export interface OldestEvents {
  /** Of those that wait for a retry. */
  readonly waiting: number | undefined
  /** Of the others. */
  readonly next: number | undefined
}

/** @param cursor the seq up to which everything is settled; undefined while the log is unreadable */
export async function oldestEvents(
  log: Log,
  consumer: Pick<Consumer, 'retrying'>,
  { behind, running, retrying }: Lag,
  types: readonly string[] | undefined,
  cursor: number | undefined,
): Promise<OldestEvents> {
  try {
    if (cursor === undefined) return UNKNOWN
    const waiting = retrying > 0 ? await first(consumer.retrying()) : undefined
    const ofTypes = types === undefined ? {} : { types }
    const next = behind + running > 0 ? await first(log.events({ after: cursor, limit: 1, ...ofTypes })) : undefined
    return { waiting: waiting?.event.created, next: next?.created }
  } catch {
    return UNKNOWN
  }
}

const UNKNOWN: OldestEvents = { waiting: undefined, next: undefined }

async function first<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of all) return each
  return undefined
}
