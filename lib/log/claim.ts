import type { JsonValue } from '../core/json.ts'

/** The right to run one slot of a job. */
export interface Claim {
  /** Which attempt at this slot this is: one more than the log knows of. */
  readonly attempt: number
  /**
   * Keeps the claim for another ttl. False: somebody else has it now. Where one process owns the log, nobody takes a
   * claim from a run that goes on; a log that several agents share needs this of them.
   */
  renew(): Promise<boolean>
  /**
   * An attempt ended with this outcome (JSON), and the slot stays open: default the attempt that was claimed. `at`: when
   * the next attempt is due, in ms since the epoch; kept with the slot, so that a restart waits for it too.
   */
  tried(outcome: unknown, attempt?: number, at?: number): Promise<void>
  /**
   * Gives the slot back without completing it, once so many of its attempts have ended: it stays open, and the next
   * claim of it is the attempt after those. A slot that was claimed `aside` is settled by this.
   */
  release(attempts: number): Promise<void>
  /**
   * The slot is completed, with this outcome (JSON), and is never given out again; nor is an earlier one that is not
   * open. Earlier slots that are open stay so. Claim and record are stored in one step. A slot that was completed in
   * one step with an `accept` (`Origin.completes`) only has its record replaced.
   */
  done(outcome: unknown, attempt?: number): Promise<void>
}

/** How a slot is claimed. */
export interface ClaimOptions {
  /**
   * It is not one of the schedule, but was asked for. It is given whatever was completed before, unless the log knows
   * of a run for this very instant; it does not settle earlier slots, and nobody gets it again.
   */
  readonly aside?: boolean
}

/** Completes a claimed slot in one step with something else; `outcome` (JSON) is its record until `done` replaces it. */
export interface Completion {
  readonly claim: Claim
  readonly attempt: number
  readonly outcome: unknown
}

/**
 * A slot that has come and has no fate yet.
 *
 * - `at`, `since`: when its next attempt is due, and when that was decided, in ms since the epoch; absent: at once
 */
export interface OpenSlot {
  readonly slot: Date
  /** How many attempts at it began. */
  readonly attempts: number
  /** Somebody has it now. */
  readonly held: boolean
  /** Its last attempt has ended; false while one goes on, and when its process died over it. */
  readonly ended: boolean
  readonly at?: number
  readonly since?: number
}

/** The slots of a job: all up to `upTo` are settled, but for those that are `open`, oldest first. */
export interface SlotsOfJob {
  readonly upTo?: Date
  readonly open: readonly OpenSlot[]
}

/** What is decided about slots of a job, in one step. */
export interface SlotPlan {
  /** Every slot up to here that is not open is settled. It never moves back, unless `back` is set. */
  readonly upTo?: Date
  readonly back?: boolean
  /** Slots that have come and are to be claimed, whatever is completed after them. One that is settled stays so. */
  readonly open?: readonly (Pick<OpenSlot, 'slot'> & Partial<OpenSlot>)[]
  /** Slots that are open, and are not to be run (again). Those that somebody has stay open. */
  readonly settled?: readonly Date[]
  /** What became of slots that nobody ran (JSON), as `note` keeps it. */
  readonly noted?: readonly { readonly slot: Date; readonly outcome: unknown }[]
}

/**
 * What a log remembers of one attempt at a slot or, where `attempt` is 0, of a slot that nobody ran. Without `outcome`,
 * nobody said how it ended: the process died.
 */
export interface RunRecord {
  readonly job: string
  readonly slot: Date
  readonly attempt: number
  readonly outcome?: JsonValue
}
