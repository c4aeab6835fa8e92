import { concat, map, merge, NEVER, Observable, takeUntil } from 'rxjs'
import { abort$, type Clock } from '../core/clock.ts'
import { TidingsError } from '../core/errors.ts'
import type { Job } from './job.ts'
import { overlap } from './overlap.ts'
import { type Slot, slots$, type Ticking } from './slots.ts'

/** What makes a job run, and who hears of it. */
export interface Running {
  readonly clock: Clock
  readonly ticking: Pick<Ticking, 'anchor' | 'after'>
  /** Runs that are asked for beside the schedule. */
  readonly triggers$: Observable<Slot>
  /** Aborts when no more runs are to begin; those that go on may end. */
  readonly stop: AbortSignal
  /** Runs one slot to its end, and never rejects; the signal aborts when another slot takes its place. */
  runSlot(slot: Slot, signal: AbortSignal): Promise<unknown>
  skipped(slot: Slot): void
}

/**
 * A job at work: its schedule makes the slots, its overlap policy flattens their runs. Emits nothing. A failed run
 * never ends the job: the next slot comes. Completes after `stop`, when the last run has ended.
 */
export function runs$({ settings, schedule }: Job, running: Running): Observable<never> {
  const { clock, ticking, stop } = running
  const { enabled, missed, atStart } = settings
  const slots = enabled ? slots$(schedule, { ...ticking, clock, missed, atStart }) : NEVER
  const asked = running.triggers$.pipe(map((slot) => [{ ...slot, asked: true as const }]))
  const runAll = (all: readonly Slot[]): Observable<never> =>
    concat(...all.map((slot) => fromAsync((signal) => running.runSlot(slot, signal))))
  return merge(slots, asked).pipe(
    takeUntil(abort$(stop)),
    overlap(settings.overlap, runAll, (all) => all.forEach((slot) => running.skipped(slot))),
  )
}

function fromAsync(work: (signal: AbortSignal) => Promise<unknown>): Observable<never> {
  return new Observable((subscriber) => {
    const controller = new AbortController()
    work(controller.signal).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    )
    return () => controller.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the run was to end'))
  })
}
