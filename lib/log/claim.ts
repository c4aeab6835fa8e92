import type { JsonValue } from '../core/json.ts'

/** The right to run one slot of a job. */
export interface Claim {
  /** The number of this attempt at the slot: one more than the log has recorded. */
  readonly attempt: number
  /**
   * Extends the claim by another ttl. Resolves to false when another holder has it now. Where one process owns the log,
   * a running run can't lose its claim; a log shared by several agents needs renewal.
   */
  renew(): Promise<boolean>
  /**
   * Records the outcome (JSON) of an attempt, default the claimed one; the slot stays open. `at`: when the next attempt
   * is due, in ms since the epoch; stored with the slot, so that a restart waits for it too.
   */
  tried(outcome: unknown, attempt?: number, at?: number): Promise<void>
  /**
   * Gives the slot back without completing it, after this many ended attempts: it stays open, and its next claim is the
   * attempt after those. A slot that was claimed `aside` is settled instead.
   */
  release(attempts: number): Promise<void>
  /**
   * Completes the slot with this outcome (JSON). The log never grants it again, nor an earlier slot that is not open.
   * Earlier open slots stay open. One commit stores claim and record. If an `accept` has completed the slot already
   * (`Origin.completes`), this only replaces its record.
   */
  done(outcome: unknown, attempt?: number): Promise<void>
}

/** How a slot is claimed. */
export interface ClaimOptions {
  /**
   * The slot was requested, and is not part of the schedule. The log grants it whatever was completed before, unless it
   * has a run for this very instant. It does not settle earlier slots, and is granted once. Default false.
   */
  readonly aside?: boolean
}

/** Completes a claimed slot in another commit. */
export interface Completion {
  /** The claim of the slot. */
  readonly claim: Claim
  /** The number of the attempt that ended. */
  readonly attempt: number
  /** Its outcome (JSON), until `done` replaces it. */
  readonly outcome: unknown
}

/** A slot that is due and neither completed nor settled. */
export interface OpenSlot {
  /** The instant of the slot. */
  readonly slot: Date
  /** The number of attempts that began. */
  readonly attempts: number
  /** Whether a claim holds it now. */
  readonly held: boolean
  /** Whether its last attempt has ended; false while one is running, and when the process died during it. */
  readonly ended: boolean
  /** When its next attempt is due, in ms since the epoch; absent: at once. */
  readonly at?: number
  /** When that was decided, in ms since the epoch. */
  readonly since?: number
}

/** The slots of a job. */
export interface SlotsOfJob {
  /** All slots up to here are settled, except those in `open`; absent: none is. */
  readonly upTo?: Date
  /** The open slots, oldest first. */
  readonly open: readonly OpenSlot[]
}

/** Changes to the slots of a job, stored in one commit. */
export interface SlotPlan {
  /** Settles every slot up to here that is not open. It never moves back, unless `back` is set. */
  readonly upTo?: Date
  /** Moves `upTo` back too, so that the slots after it may run again; default false. */
  readonly back?: boolean
  /** Due slots to keep claimable, even when a later slot completes. A settled slot stays settled. */
  readonly open?: readonly (Pick<OpenSlot, 'slot'> & Partial<OpenSlot>)[]
  /** Open slots to settle, so that they do not run (again). Held slots stay open. */
  readonly settled?: readonly Date[]
  /** Outcomes (JSON) of slots that never ran, stored as by `note`. */
  readonly noted?: readonly {
    /** The instant of the slot. */
    readonly slot: Date
    /** Why it never ran. */
    readonly outcome: unknown
  }[]
}

/** The record of one attempt at a slot, or of a slot that never ran. */
export interface RunRecord {
  /** The name of the job. */
  readonly job: string
  /** The instant of the slot. */
  readonly slot: Date
  /** The number of the attempt, from 1; 0: the slot never ran. */
  readonly attempt: number
  /** How the attempt ended; absent: the process died before that. */
  readonly outcome?: JsonValue
}
