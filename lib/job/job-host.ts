import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import type { Environment } from '../core/environment.ts'
import type { Stop } from '../core/stop.ts'
import type { Tracing } from '../core/tracing.ts'
import type { Log } from '../log/port.ts'
import type { RunReport } from './run-report.ts'
import type { Slot } from './slots.ts'

/** A slot that was requested by hand. */
export interface Trigger extends Slot {
  /** Receives the report of the last attempt, or undefined if the slot did not run. */
  readonly ended?: (report: RunReport | undefined) => void
}

/** What jobs need to run on a log. */
export interface JobHost {
  /** Where the slots are claimed, and the drafts and the state are stored. */
  readonly log: Log
  /** The time source. */
  readonly clock: Clock
  /** The world that runs see. */
  readonly environment: Environment
  /** Aborts when no more runs may begin. */
  readonly stop: AbortSignal
  /** Aborts when current runs must end. */
  readonly abort: AbortSignal
  /**
   * Aborts when an outcome that can't be stored is left to the next start. Default: `stop`. It is later if the job moves to
   * another agent: that one would take a run without an outcome for one whose agent has died, and repeat it.
   */
  readonly giveUp?: AbortSignal
  /** Traces the runs. Default: none does. */
  readonly tracing?: Tracing | undefined
  /** Removes known secrets from stored text. */
  scrub(text: string): string
  /** An attempt at the slot begins. */
  began(slot: Slot): void
  /** An attempt ended. */
  ended(report: RunReport): void
  /** So many slots have ended without a run, or with a run that a dead process left. Default: they are not counted. */
  unrun?(status: 'missed' | 'blocked' | 'replaced' | 'abandoned', slots: number): void
  /** Receives the activity of a run of `always()`, every minute and when it ends. Default: none. */
  progressed?(progress: RunProgress): void
  /** Pauses and observes the job. Default: none. */
  readonly control?: JobControl
}

/** The activity of a run of `always()`. */
export interface RunProgress {
  /** When its newest event was accepted, in ms since the epoch; absent if none was accepted since the last report. */
  readonly lastAcceptedAt?: number
  /** How long the run has lasted, in ms. */
  readonly elapsed: number
}

/** How a job is steered while it works, and who watches it. */
export interface JobControl {
  /** Whether the schedule is paused. Emits on subscription, and again whenever the schedule has to restart. */
  readonly paused$: Observable<boolean>
  /** Aborts when the job is paused: stops retries, and ends a run of `always()`. */
  abortWhenPaused(): Stop
  /** Aborts when a person ends the attempts that run now; each attempt asks as it begins. */
  abortOnRequest(): Stop
  /** Receives the next slot; undefined if the schedule has ended or stopped. */
  nextSlot(slot: Date | undefined): void
  /** The schedule failed and produces no more slots. */
  scheduleFailed(error: Error): void
  /** A slot is due, but its jitter delays the run. The caller calls the returned function when the delay is over. */
  slotDelayed(slot: Slot): () => void
  /** A slot starts. The caller calls the returned function when the slot is finished. */
  slotStarted(slot: Slot): () => void
}
