import { keys } from '../format/keys.ts'
import { type Beyond, type Cursor, encode } from '../format/records.ts'
import type { PendingWrites } from './pending-writes.ts'

/** The stored cursor of one consumer. */
export class ConsumerCursor {
  readonly #name: string
  readonly #ledger: PendingWrites
  #record: Cursor

  constructor(name: string, ledger: PendingWrites, record: Cursor) {
    this.#name = name
    this.#ledger = ledger
    this.#record = record
  }

  /** The stored seq up to which everything is settled. */
  get cursor(): number {
    return this.#record.cursor
  }

  /** Everything up to `cursor` is settled, and some of what lies beyond it. */
  settled(cursor: number, beyond: Beyond | undefined): void {
    const { beyond: before, ...record } = this.#record
    // For the same `to`, open events only become fewer, so equal counts mean equal lists.
    const isSame = beyond?.to === before?.to && beyond?.open.length === before?.open.length
    if (cursor === record.cursor && isSame) return
    this.#write({ ...record, cursor, ...(beyond === undefined ? {} : { beyond }) })
  }

  /**
   * Whether the consumer hears an event created at this time (ms since the epoch): a consumer with a start in the
   * future skips older events.
   */
  hasBegun(created: number): boolean {
    const { since, ...record } = this.#record
    if (since === undefined) return true
    if (created < since) return false
    this.#write(record)
    return true
  }

  /** Counts a request to redeliver events, and returns the count. */
  askAgain(): number {
    const replays = (this.#record.replays ?? 0) + 1
    this.#write({ ...this.#record, replays })
    return replays
  }

  /** The replay count of an event not handed out since the consumer was moved back; undefined: not a replay. */
  replay(seq: number): number | undefined {
    const { again } = this.#record
    return again !== undefined && seq <= again.until ? again.replay : undefined
  }

  #write(record: Cursor): void {
    const key = keys.consumer(this.#name)
    this.#record = record
    this.#ledger.change(key, encode(key, record))
  }
}

/** Where a consumer begins: after a seq and, for a start in the future, not before `since` (ms since the epoch). */
export interface Beginning {
  readonly cursor: number
  readonly since?: number
}

/** Returns the record of a moved consumer: it receives events that it was handed before again, as a replay. */
export function movedTo(place: Beginning, { again, beyond: _, since: __, ...record }: Cursor): Cursor {
  const until = Math.max(record.cursor, again?.until ?? 0)
  if (place.cursor >= until) return { ...record, ...place }
  const replay = (record.replays ?? 0) + 1
  return { ...record, ...place, replays: replay, again: { until, replay } }
}
