import type { StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Completion } from './claim.ts'

/** State to be stored in one step with what it belongs to; without a value, the key is deleted. */
export interface Write {
  readonly namespace: string
  readonly key: string
  readonly value?: JsonValue
}
export type Writes = readonly Write[]

/**
 * Where drafts come from.
 *
 * - `job`, `run`: who published them, in which run
 */
export interface Origin {
  readonly job?: string
  readonly run?: string
  /** The seq of the event whose listener published them. */
  readonly cause?: number
  /** `false` stores the events without delivering them to anybody; default `true`. */
  readonly told?: boolean
  /** Stored in one step with the events. */
  readonly state?: Writes
  /** A claimed slot that is completed in one step with the events. */
  readonly completes?: Completion
  /**
   * Another log accepted them, then and as this revision, and so they are stored. What is known here as that revision
   * or a later one is a duplicate, whatever its version: what was imported once is not imported again.
   */
  readonly recorded?: Recorded
}

/** When another log accepted an event, in ms since the epoch; and as which revision, for versioned types. */
export type Recorded = Pick<StoredEvent, 'created' | 'revision'>
