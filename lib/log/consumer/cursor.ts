import type { StoredEvent } from '../../core/event.ts'
import type { Beyond, CursorRecord } from './consumer-store.ts'
import type { PendingWrites } from './pending-writes.ts'
import type { StoredConsumer } from './stored-consumer.ts'

/**
 * The cursor of one consumer, and what the store knew of the events after it when the consumer was opened:
 *
 * ```
 *                 cursor              position                   to
 *   settled ──────┤ fresh, settled … ─┤ settled, open, recorded ─┤ unknown: new
 *                 └── written as `beyond` beside the cursor ─────┘
 * ```
 *
 * `position` is where the backlog stands. Up to `to`, the store knows each event: it is settled, `open` (to be handed
 * out as new), or has a record of its own (retry, parked, suspect) from which it is handed out.
 */
export class ConsumerCursor {
  readonly #pending: PendingWrites
  #record: CursorRecord
  readonly #to: number
  readonly #open: Set<number>
  readonly #recorded: Set<number>

  constructor(pending: PendingWrites, { cursor: record, waiting, parked, suspects }: StoredConsumer) {
    this.#pending = pending
    this.#record = record
    this.#to = record.beyond?.to ?? 0
    this.#open = new Set(record.beyond?.open)
    const recorded = [...waiting.map(({ seq }) => seq), ...parked, ...suspects.keys()]
    this.#recorded = new Set(recorded.filter((seq) => seq > record.cursor))
  }

  /** The seq up to which everything is settled, as last written. */
  get cursor(): number {
    return this.#record.cursor
  }

  /** The number of events with a record of their own that the backlog has not reached. */
  get recordedAhead(): number {
    return this.#recorded.size
  }

  /** Whether the backlog is to hand out the event it has reached. Call it once for each event. */
  isNew(seq: number): boolean {
    return !this.#recorded.delete(seq) && (seq > this.#to || this.#open.delete(seq))
  }

  /** Everything up to `cursor` is settled; after it, up to `position`, everything but the `fresh` events. */
  settled(cursor: number, position: number, fresh: Iterable<number>): void {
    const { beyond: before, ...record } = this.#record
    const beyond = this.#beyond(cursor, position, fresh)
    // For the same `to`, open events only become fewer, so equal counts mean equal lists.
    const isSame = beyond?.to === before?.to && beyond?.open.length === before?.open.length
    if (cursor === record.cursor && isSame) return
    this.#write({ ...record, cursor, ...(beyond === undefined ? {} : { beyond }) })
  }

  // Undefined when every event handed out after the cursor is still being handled.
  #beyond(cursor: number, position: number, fresh: Iterable<number>): Beyond | undefined {
    const open = [...fresh, ...[...this.#open].filter((seq) => seq > position)]
    const to = Math.max(position, this.#to)
    return cursor + open.length === to ? undefined : { to, open }
  }

  /**
   * Whether the consumer hears an event, by when it was created: a consumer with a start in the future skips older events.
   */
  hasBegun({ created, seq }: Pick<StoredEvent, 'created' | 'seq'>): boolean {
    if (this.#record.since === undefined) return true
    const { since, ...record } = this.#record
    const { passed } = record
    if (created < since) return false
    // It was opened or moved with an empty span, or one that ends where it waited.
    const [first] = passed?.at(-1) ?? [1]
    this.#write({
      ...record,
      ...(passed === undefined ? {} : { passed: [...passed.slice(0, -1), [first, seq - 1]] }),
    })
    return true
  }

  /** Counts a request to redeliver events, and returns the count. */
  countReplay(): number {
    const replays = (this.#record.replays ?? 0) + 1
    this.#write({ ...this.#record, replays })
    return replays
  }

  /** The replay count of an event not handed out since the consumer was moved back; undefined: not a replay. */
  replay(seq: number): number | undefined {
    const { again } = this.#record
    return again !== undefined && seq <= again.until ? again.replay : undefined
  }

  #write(record: CursorRecord): void {
    this.#record = record
    this.#pending.change({ kind: 'cursor', record })
  }
}
