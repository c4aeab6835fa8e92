import { keys } from './level-keys.ts'
import type { Ledger } from './level-ledger.ts'
import { type Beyond, type Cursor, encode } from './level-records.ts'

/** How far one consumer is, as it is written down. */
export class Place {
  readonly #name: string
  readonly #ledger: Ledger
  #record: Cursor

  constructor(name: string, ledger: Ledger, record: Cursor) {
    this.#name = name
    this.#ledger = ledger
    this.#record = record
  }

  /** Up to which seq everything is settled, as it is written down. */
  get cursor(): number {
    return this.#record.cursor
  }

  /** Everything up to `cursor` is settled, and some of what lies beyond it. */
  settled(cursor: number, beyond: Beyond | undefined): void {
    const { beyond: before, ...record } = this.#record
    // Up to one place, fewer and fewer are open: as many are the same.
    const isSame = beyond?.to === before?.to && beyond?.open.length === before?.open.length
    if (cursor === record.cursor && isSame) return
    this.#write({ ...record, cursor, ...(beyond === undefined ? {} : { beyond }) })
  }

  /**
   * Whether the consumer has begun to hear, when it comes to an event that was created at this time (ms since the epoch):
   * one that starts at a time to come passes over what is older.
   */
  hasBegun(created: number): boolean {
    const { since, ...record } = this.#record
    if (since === undefined) return true
    if (created < since) return false
    this.#write(record)
    return true
  }

  /** Somebody asks for events to be told again: which time that is. */
  askAgain(): number {
    const replays = (this.#record.replays ?? 0) + 1
    this.#write({ ...this.#record, replays })
    return replays
  }

  /** Which replay an event is that was not handed out since the consumer was moved back; undefined: it is none. */
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

/** Where a consumer is to begin: after a seq, and not before a time, if that is still to come. */
export interface Beginning {
  readonly cursor: number
  readonly since?: number
}

/** The record of a consumer that is moved: what it was handed before is told again, as a replay. */
export function movedTo(place: Beginning, { again, beyond: _, since: __, ...record }: Cursor): Cursor {
  const until = Math.max(record.cursor, again?.until ?? 0)
  if (place.cursor >= until) return { ...record, ...place }
  const replay = (record.replays ?? 0) + 1
  return { ...record, ...place, replays: replay, again: { until, replay } }
}
