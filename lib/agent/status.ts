import type { RunReport } from '../job/job-host.ts'
import type { Lag } from '../log/port.ts'

/**
 * How a job is: when it runs next, by when that run has ended or is abandoned, how its last run in this process went.
 */
export interface JobStatus {
  readonly name: string
  readonly schedule: string
  readonly next?: Date
  readonly expectedBy?: Date
  readonly running: boolean
  readonly paused?: true
  readonly last?: RunReport
}

/** How a listener is: how far behind, how much goes on, waits, or is set aside. */
export interface ListenerStatus extends Lag {
  readonly name: string
  readonly paused?: true
}

/** How an agent is. */
export interface Status {
  readonly agent: string
  /** The seq of the newest event; absent while the log has failed. */
  readonly last?: number
  readonly jobs: readonly JobStatus[]
  readonly listeners: readonly ListenerStatus[]
  /** What is not well, in sentences: a job is overdue, a listener is stuck, the log has failed. None: all is well. */
  readonly problems: readonly string[]
}
