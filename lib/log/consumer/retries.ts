import { defined } from '../../core/defined.ts'
import { errorInfo } from '../../core/error-info.ts'
import { firstPlace } from '../../core/first-place.ts'
import type { Handed } from '../port.ts'
import { checkInstant } from '../query.ts'
import type { RetryRecord } from './consumer-store.ts'

/** An event that waits for its next attempt. */
export interface Waiting extends Omit<RetryRecord, 'error'> {
  readonly seq: number
}

/**
 * Returns the record of an event that waits to be handed out again.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid time
 */
export function retryRecord(
  { attempt, replay }: Handed,
  { at, error }: { readonly at: number; readonly error?: unknown },
  since: number,
): RetryRecord {
  return defined({
    attempts: attempt,
    at: checkInstant(at, 'at'),
    since,
    error: error === undefined ? undefined : errorInfo(error),
    replay,
  })
}

/** The events of one consumer that wait for another attempt, ordered by due time. */
export class Retries {
  // Sorted by due time, then seq; with `inOrder`, by seq alone. Bounded by the consumer, so an insertion moves little.
  readonly #due: Waiting[] = []
  readonly #bySeq = new Map<number, Waiting>()
  readonly #inOrder: boolean

  /** `inOrder`: an event is not due before every older one that waits. */
  constructor(inOrder = false) {
    this.#inOrder = inOrder
  }

  get size(): number {
    return this.#due.length
  }

  has(seq: number): boolean {
    return this.#bySeq.has(seq)
  }

  /** The event that is due next; with `inOrder`, the oldest. */
  get first(): Waiting | undefined {
    return this.#due[0]
  }

  /** When the next event is due, in ms since the epoch. */
  get nextAt(): number | undefined {
    return this.#due[0]?.at
  }

  add({ seq, attempts, at, replay }: Waiting): void {
    this.remove(seq)
    const waiting: Waiting = defined({ seq, attempts, at, replay })
    this.#due.splice(this.#place(waiting), 0, waiting)
    this.#bySeq.set(seq, waiting)
  }

  /** Returns false when the event does not wait. */
  remove(seq: number): boolean {
    const waiting = this.#bySeq.get(seq)
    if (waiting === undefined) return false
    this.#bySeq.delete(seq)
    this.#due.splice(this.#place(waiting), 1)
    return true
  }

  /** The events due at `now`: lowest seqs first, at most `max`. */
  due(now: number, max: number): Waiting[] {
    let end = 0
    while (end < this.#due.length && (this.#due[end] as Waiting).at <= now) end += 1
    return this.#due
      .slice(0, end)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, max)
  }

  /** The seqs of all waiting events, lowest first. */
  seqs(): readonly number[] {
    return [...this.#bySeq.keys()].sort((a, b) => a - b)
  }

  #place(waiting: Waiting): number {
    return firstPlace(this.#due, (each) => this.#isBefore(each, waiting))
  }

  #isBefore(a: Waiting, b: Waiting): boolean {
    return this.#inOrder || a.at === b.at ? a.seq < b.seq : a.at < b.at
  }
}
