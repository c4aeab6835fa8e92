import type { ErrorInfo } from '../core/error-info.ts'
import type { StoredEvent } from '../core/event.ts'

/** An event, with what the log keeps beside it. */
export interface Stored {
  /** The event. */
  readonly event: StoredEvent
  /** False for an event that was stored without delivering it to listeners. */
  readonly told: boolean
  /** The run that published it, as `Origin.run` named it; absent without one. */
  readonly run?: string
}

/** The events of one type that are in the log. */
export interface TypeCount {
  /** The name of the type. */
  readonly type: string
  /** How many events are counted. */
  readonly count: number
  /** The seq of the newest; absent while none is counted. */
  readonly last?: number
  /** When the newest was accepted, in ms since the epoch; absent while none is counted. */
  readonly at?: number
}

/** How far an event is at a consumer. */
export interface EventPlace {
  /**
   * - `unread`: the consumer has not come to it · `running`: it is in flight
   * - `retrying`: it waits for its next attempt · `parked`: it was parked
   * - `skipped`: the consumer has passed over it, before its start, or where it was moved on
   * - `settled`: anything else: it was acked or dropped, or the consumer does not hear it
   */
  readonly state: 'unread' | 'running' | 'retrying' | 'parked' | 'skipped' | 'settled'
  /** The number of attempts so far; for `retrying` and `parked`. */
  readonly attempts?: number
  /** When the next attempt is due, or when it was parked, in ms since the epoch. */
  readonly at?: number
  /** The error of its last attempt; absent before the first failure. */
  readonly error?: ErrorInfo
}
