import type { StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Completion } from './claim.ts'

/** A write of state, stored in one commit with what it belongs to. */
export interface Write {
  /** The namespace of the key, 1 byte to 1 KiB. */
  readonly namespace: string
  /** The key, 1 byte to 1 KiB. */
  readonly key: string
  /** The new value; absent: deletes the key. */
  readonly value?: JsonValue
}

/** Writes of state, in order. */
export type Writes = readonly Write[]

/** Where drafts come from, and what is stored with them in one commit. */
export interface Origin {
  /** The job that published the drafts. */
  readonly job?: string
  /** The run of that job. */
  readonly run?: string
  /** The seq of the event whose listener published the drafts. */
  readonly cause?: number
  /** The listener that published the drafts in answer to `cause`: it is counted, and not stored. */
  readonly listener?: string
  /** Names the span in which the drafts are published; new events keep it. */
  readonly traceparent?: string
  /** `false` stores the events without delivering them to listeners; default `true`. */
  readonly told?: boolean
  /** State to store with the events. */
  readonly state?: Writes
  /** A claimed slot to complete with the events. */
  readonly completes?: Completion
  /**
   * Stores the events with the time and revision under which another log accepted them. An identity that this log has
   * at that revision or a later one is a duplicate, whatever its version, so a repeated import adds nothing.
   */
  readonly recorded?: Recorded
}

/** When another log accepted an event, in ms since the epoch; and as which revision, for versioned types. */
export type Recorded = Pick<StoredEvent, 'created' | 'revision'>
