import type { Meta } from '../format/records.ts'
import type { TimeSpan } from '../format/time-blocks.ts'
import type { Database } from '../store/database.ts'

/** A store to read events from. */
export interface EventStore {
  readonly db: Database
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The times of blocks that were measured and are not stored yet; absent: none are measured. */
  readonly measured?: {
    get(block: number): TimeSpan | undefined
    add(block: number, span: TimeSpan): void
  }
  /** The rule for what makes an identity; absent: identities are not looked up. */
  readonly rule?: Meta['identity']
}

/** A store to read events from while it is written to. */
export interface LiveEventStore extends EventStore {
  /** The highest durable seq. */
  readonly writer: { readonly durable: number }
}
