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
  /** An attempt ended with this outcome (JSON), and the slot is not completed: default the attempt that was claimed. */
  tried(outcome: unknown, attempt?: number): Promise<void>
  /**
   * Gives the slot back without completing it, once so many of its attempts have ended: the next claim of it is the
   * attempt after those.
   */
  release(attempts: number): Promise<void>
  /**
   * The slot is completed, with this outcome (JSON): it, and every earlier slot, is never given out again. Claim and
   * record are stored in one step.
   */
  done(outcome: unknown, attempt?: number): Promise<void>
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
