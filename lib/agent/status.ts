import type { RunReport } from '../job/run-job.ts'
import type { Lag } from '../log/port.ts'

/** How a job is: when it runs next, how its last run in this process went. */
export interface JobStatus {
  readonly name: string
  readonly schedule: string
  readonly next?: Date
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
  /** The seq of the newest event. */
  readonly last: number
  readonly jobs: readonly JobStatus[]
  readonly listeners: readonly ListenerStatus[]
}
