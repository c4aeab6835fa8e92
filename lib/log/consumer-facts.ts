import type { ErrorInfo } from '../core/error-info.ts'
import type { StoredEvent } from '../core/event.ts'

/** One event, handed to one consumer. */
export interface Handed {
  /** The event. */
  readonly event: StoredEvent
  /** The number of starts of the handler, this one included; from 1. */
  readonly attempt: number
  /** Set when a person asked for the event again: the number of such requests to this consumer, from 1. */
  readonly replay?: number
  /**
   * Set when the event was in flight as the process died: the number of crashes since then with this event alone in
   * flight, from 0.
   */
  readonly crashes?: number
}

/** An event that was parked after its last attempt. */
export interface Parked {
  /** The event. */
  readonly event: StoredEvent
  /** The number of attempts before it was parked; from 1. */
  readonly attempts: number
  /** When it was parked, in ms since the epoch. */
  readonly at: number
  /** The error of its last attempt. */
  readonly error: ErrorInfo
}

/** An event that waits for its next attempt. */
export interface Retrying {
  /** The event. */
  readonly event: StoredEvent
  /** The number of attempts so far; 0 for an event that was released, redelivered, or in flight at a crash. */
  readonly attempts: number
  /** When the next attempt is due, in ms since the epoch. */
  readonly at: number
  /** The error of its last attempt; absent before the first failure. */
  readonly error?: ErrorInfo
}

/** The progress of a consumer, in numbers of events. */
export interface Lag {
  /** Events of the log that it has neither handed out nor skipped yet. */
  readonly behind: number
  /** Events being handled. */
  readonly running: number
  /** Events that wait for another attempt. */
  readonly retrying: number
  /** Events that are parked. */
  readonly parked: number
}

/** Consecutive seqs, both ends included. */
export type Span = readonly [first: number, last: number]

/** The consumer of a log as the log lists it, open or not. */
export interface ConsumerInfo {
  /** The name of the consumer. */
  readonly name: string
  /** The seq up to which every event is settled, or waits or is parked with a record of its own. */
  readonly cursor: number
  /** When it was first opened, in ms since the epoch. */
  readonly created: number
  /**
   * What it has passed over without hearing it: before its start, and where it was moved on. Absent for a consumer that an
   * older version of Tidings has opened first.
   */
  readonly passed?: readonly Span[]
  /** Its progress. */
  readonly lag: Lag
  /** Of a shared consumer: what the log keeps of each shard. Its own numbers are those of all together. */
  readonly shards?: readonly ConsumerInfo[]
}
