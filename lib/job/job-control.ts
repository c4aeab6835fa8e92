import type { Observable } from 'rxjs'
import type { Slot } from './slots.ts'

/** How a job is steered while it works, and who watches it. */
export interface JobControl {
  /** Whether the schedule is paused. Emits on subscription, and again whenever the schedule has to restart. */
  readonly paused$: Observable<boolean>
  /** Aborts when the job is paused: stops retries, and ends a run of `always()`. */
  abortWhenPaused(): AbortSignal
  /** Receives the next slot; undefined when there is none. */
  nextSlot(slot: Date | undefined): void
  /** The schedule failed and produces no more slots. */
  scheduleFailed(error: Error): void
  /** A slot is due, but its jitter delays the run. The caller calls the returned function when the delay is over. */
  slotDelayed(slot: Slot): () => void
  /** A slot starts. The caller calls the returned function when the slot is finished. */
  slotStarted(slot: Slot): () => void
}
