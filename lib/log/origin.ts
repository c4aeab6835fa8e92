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
 * - `cause`: the seq of the event whose listener published them
 * - `told`: `false` stores the events without delivering them to anybody; default `true`
 * - `state`: stored in one step with the events
 * - `completes`: a claimed slot that is completed in one step with the events
 * - `recorded`: another log accepted them, then and as this revision, and so they are stored. What is known here as that
 *   revision or a later one is a duplicate, whatever its version: what was imported once is not imported again
 */
export interface Origin {
  readonly job?: string
  readonly run?: string
  readonly cause?: number
  readonly told?: boolean
  readonly state?: Writes
  readonly completes?: Completion
  readonly recorded?: Recorded
}

/** When another log accepted an event, in ms since the epoch; and as which revision, for versioned types. */
export type Recorded = Pick<StoredEvent, 'created' | 'revision'>
