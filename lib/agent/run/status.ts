import type { RunReport } from '../../job/run-report.ts'
import type { Lag } from '../../log/port.ts'

/**
 * The status of a job: when it runs next, by when that run has ended or is abandoned, and how its last run in this
 * process went.
 */
export interface JobStatus {
  /** The name of the job. */
  readonly name: string
  /** The schedule, in words. */
  readonly schedule: string
  /** When the job runs next; absent if paused or unknown. */
  readonly next?: Date
  /** By when the next run has ended or is abandoned; absent without a timeout. */
  readonly expectedBy?: Date
  /** Whether a run is in progress. */
  readonly running: boolean
  /** Present while the job is paused. */
  readonly paused?: true
  /** Present while another agent on the log drives the job. */
  readonly standby?: true
  /** How many drafts are held until a person releases or discards them; absent if none are. */
  readonly held?: number
  /** Since when, in ISO format. */
  readonly heldSince?: string
  /** The last run in this process. */
  readonly last?: RunReport
}

/** The status of a listener: how many events are behind, running, waiting for a retry, or parked. */
export interface ListenerStatus extends Lag {
  /** The name of the listener. */
  readonly name: string
  /** Present while the listener is paused. */
  readonly paused?: true
  /** Present while another agent on the log handles the listener: its numbers are what this agent knew before. */
  readonly standby?: true
}

/** The status of an agent. */
export interface Status {
  /** The name of the agent. */
  readonly agent: string
  /** The seq of the newest event; absent while the log has failed. */
  readonly last?: number
  /** The status of each job. */
  readonly jobs: readonly JobStatus[]
  /** The status of each listener. */
  readonly listeners: readonly ListenerStatus[]
  /**
   * The problems, one sentence each: a job is overdue or holds a poll, a listener is stuck, the log has failed. Empty if
   * all is well.
   */
  readonly problems: readonly string[]
}
