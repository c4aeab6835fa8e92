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

  /** Everything up to `cursor` is settled, and some of what lies beyond it. */
  settled(cursor: number, beyond: Beyond | undefined): void {
    const { beyond: before, ...record } = this.#record
    // Up to one place, fewer and fewer are open: as many are the same.
    const isSame = beyond?.to === before?.to && beyond?.open.length === before?.open.length
    if (cursor === record.cursor && isSame) return
    this.#write({ ...record, cursor, ...(beyond === undefined ? {} : { beyond }) })
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

  /** Writes the record once more: something else may have been stored in its place. */
  repeat(): void {
    this.#write(this.#record)
  }

  #write(record: Cursor): void {
    const key = keys.consumer(this.#name)
    this.#record = record
    this.#ledger.change(key, encode(key, record))
  }
}

/** The record of a consumer that is moved: what it was handed before is told again, as a replay. */
export function movedTo(seq: number, { again, beyond: _, ...record }: Cursor): Cursor {
  const until = Math.max(record.cursor, again?.until ?? 0)
  if (seq >= until) return { ...record, cursor: seq }
  const replay = (record.replays ?? 0) + 1
  return { ...record, cursor: seq, replays: replay, again: { until, replay } }
}
