import type { StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Completion } from './claim.ts'

/** A write of state, stored in one commit with what it belongs to; without a value, it deletes the key. */
export interface Write {
  readonly namespace: string
  readonly key: string
  readonly value?: JsonValue
}
export type Writes = readonly Write[]

/**
 * Where drafts come from, and what to store with them.
 *
 * - `job`, `run`: the job that published them, and its run
 */
export interface Origin {
  readonly job?: string
  readonly run?: string
  /** The seq of the event whose listener published them. */
  readonly cause?: number
  /** `false` stores the events without delivering them to listeners; default `true`. */
  readonly told?: boolean
  /** State stored in one commit with the events. */
  readonly state?: Writes
  /** A claimed slot to complete in one commit with the events. */
  readonly completes?: Completion
  /**
   * Stores the events with the time and revision under which another log accepted them. An identity that this log has
   * at that revision or a later one is a duplicate, whatever its version, so a repeated import adds nothing.
   */
  readonly recorded?: Recorded
}

/** When another log accepted an event, in ms since the epoch; and as which revision, for versioned types. */
export type Recorded = Pick<StoredEvent, 'created' | 'revision'>
