import type { Clock } from '../core/clock.ts'
import type { Environment } from '../core/environment.ts'
import type { Log } from '../log/port.ts'
import type { JobControl } from './job-control.ts'
import type { RunProgress } from './progress-watch.ts'
import type { Counts } from './record.ts'
import type { Slot } from './slots.ts'

/** How one run went. */
export interface RunReport extends Counts {
  readonly job: string
  readonly slot: Date
  readonly attempt: number
  /**
   * `abandoned`: cut off by its timeout or by the agent's stop; `replaced`: another slot took its place.
   */
  readonly status: 'done' | 'cancelled' | 'failed' | 'abandoned' | 'replaced'
  readonly began: Date
  /** Delay after the slot in ms, without the jitter. */
  readonly late: number
  /** Duration in ms. */
  readonly ms: number
  /** Why it failed, was abandoned or was replaced. */
  readonly error?: Error
  /** Why it cancelled its job. */
  readonly reason?: string
}

/** A requested slot. `ended` receives the report, or undefined if the slot did not run. */
export interface Trigger extends Slot {
  readonly ended?: (report: RunReport | undefined) => void
}

/** What jobs need to run on a log. */
export interface JobHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Aborts when no more runs may begin. */
  readonly stop: AbortSignal
  /** Aborts when current runs must end. */
  readonly abort: AbortSignal
  /** Removes known secrets from stored text. */
  scrub(text: string): string
  began(slot: Slot): void
  ended(report: RunReport): void
  /** Receives the activity of a run of `always()`, every minute and when it ends. Default: none. */
  progressed?(look: RunProgress): void
  /** Pauses and observes the job. Default: none. */
  readonly control?: JobControl
}
