import {
  BehaviorSubject,
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  finalize,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  switchMap,
  take,
  takeUntil,
} from 'rxjs'
import { aborted$, type Clock, pause } from '../core/clock.ts'
import { asError, TidingsError } from '../core/errors.ts'
import type { Job } from './job.ts'
import { overlap } from './overlap.ts'
import { dueAt, type Slot, slots$, type Ticking } from './slots.ts'

/** The sources of a job's slots, and the callbacks for what happens to them. */
export interface Running {
  readonly clock: Clock
  readonly ticking: Pick<Ticking, 'anchor' | 'waits' | 'decided'>
  /** Reads the earlier slots before the schedule begins or resumes after a pause. Default: none. */
  restore?(): Promise<Restored>
  /** Whether the schedule is paused. Emits on subscription, and again to restart the schedule. Default: never. */
  readonly paused$?: Observable<boolean>
  /** Runs requested outside the schedule. */
  readonly triggers$: Observable<Slot>
  /** Aborts when no more runs may begin; current runs may finish. */
  readonly stop: AbortSignal
  /** Runs one slot to its end and never rejects. The signal aborts when another slot takes its place. */
  runSlot(slot: Slot, signal: AbortSignal): Promise<unknown>
  skipped(slot: Slot): void
  /** Another slot took the place of this one before its turn came. */
  replaced?(slot: Slot): void
  /** Whether a run is executing, rather than waiting for its retry. Default: true in both cases. */
  executing?(): boolean
  /** The schedule failed and produces no more slots. Default: the failure ends the job. */
  failed?(error: Error): void
  /** Jitter delays the run of a due slot. The returned function is called when the delay is over. */
  delayed?(slot: Slot): () => void
}

/** The earlier slots of a job. */
export interface Restored {
  readonly anchor: Date
  /** All slots up to here are decided, except those in `open` and `waiting`. */
  readonly after: Date
  /** Slots to decide about, together with those that passed since; `waiting`: slots to run when they are due. */
  readonly open: readonly Slot[]
  readonly waiting: readonly Slot[]
}

/**
 * Runs a job: its schedule produces the slots, its overlap policy flattens their runs. Emits nothing. A failed run
 * never ends the job. Completes after `stop`, when the last run has ended.
 */
export function runs$(job: Job, running: Running): Observable<never> {
  const { settings } = job
  const { stop } = running
  const going$ = new BehaviorSubject(0)
  const slots = settings.enabled ? schedule$(job, running, going$) : NEVER
  const asked = running.triggers$.pipe(map((slot) => [{ ...slot, asked: true as const, byHand: true as const }]))
  const runAll = (all: readonly Slot[]): Observable<never> =>
    defer(() => {
      going$.next(going$.value + 1)
      let begun = 0
      const run = (slot: Slot): Observable<never> =>
        fromAsync((signal) => {
          begun += 1
          return running.runSlot(slot, signal)
        })
      return concat(...all.map(run)).pipe(finalize(() => all.slice(begun).forEach((slot) => running.replaced?.(slot))))
    }).pipe(
      // Deferred until the policy has freed the place, so that a slot emitted in response is not skipped.
      finalize(() => queueMicrotask(() => going$.next(going$.value - 1))),
    )
  const { executing } = running
  return merge(slots, asked).pipe(
    takeUntil(aborted$(stop)),
    overlap(
      settings.overlap,
      runAll,
      (all) => all.forEach((slot) => running.skipped(slot)),
      ([slot]) => slot?.byHand === true && executing?.() === false,
    ),
  )
}

/** The slots of a job, each when its run is due. A failed schedule ends them, but not the requested runs. */
function schedule$(job: Job, running: Running, going$: Observable<number>): Observable<readonly Slot[]> {
  const { failed } = running
  const slots = restingSlots$(job, running, going$)
  if (failed === undefined) return slots
  return slots.pipe(
    catchError((error: unknown) => {
      failed(asError(error))
      return NEVER
    }),
  )
}

/**
 * The slots of a schedule that can be paused. Slots that pass during a pause are missed, as if nothing ran. The
 * schedule resumes once no run is left: the policy would otherwise skip the new run of `always()`.
 */
function restingSlots$(job: Job, running: Running, going$: Observable<number>): Observable<readonly Slot[]> {
  const { clock, ticking, paused$ = of(false), restore } = running
  const { missed, atStart, overlap } = job.settings
  let started = false
  const begin = (restored?: Restored): Observable<readonly Slot[]> => {
    const first = !started
    started = true
    const { waiting = [], ...known } = restored ?? {}
    // A run that waits for its retry holds up the job's other runs, as before the restart.
    const retried = waiting.filter(({ begun }) => begun === true)
    const groups = overlap === 'parallel' ? retried.map((slot) => [slot]) : retried.length === 0 ? [] : [retried]
    const early = waiting.filter(({ begun }) => begun !== true)
    return merge(
      of(...groups),
      early.length === 0 ? EMPTY : of(early),
      slots$(job.schedule, { ...ticking, clock, missed, ...known, atStart: atStart && first && waiting.length === 0 }),
    ).pipe(mergeMap((all) => whenDue(job, all, running)))
  }
  const idle$ = going$.pipe(
    filter((going) => going === 0),
    take(1),
  )
  const slots = restore === undefined ? defer(() => begin()) : defer(() => from(restore())).pipe(switchMap(begin))
  return paused$.pipe(switchMap((paused) => (paused ? NEVER : idle$.pipe(switchMap(() => slots)))))
}

/** Emits slots when their jitter is over, each separately, so that an early one does not wait for another. */
function whenDue(job: Job, all: readonly Slot[], { clock, delayed }: Running): Observable<readonly Slot[]> {
  const late = (slot: Slot): number => dueAt(job, slot) - clock.now()
  const waits = (slot: Slot): boolean => slot.begun !== true && late(slot) > 0
  const due = all.filter((slot) => !waits(slot))
  const rest = all.filter(waits).map((slot) =>
    defer(() => {
      const over = delayed?.(slot)
      // No longer than the jitter: the clock may have gone back.
      const length = Math.min(late(slot), job.settings.jitter)
      return concat(
        fromAsync((signal) => pause(clock, length, signal)),
        of([slot]),
      ).pipe(finalize(() => over?.()))
    }),
  )
  return merge(due.length === 0 ? EMPTY : of(due), ...rest)
}

function fromAsync(work: (signal: AbortSignal) => Promise<unknown>): Observable<never> {
  return new Observable((subscriber) => {
    const controller = new AbortController()
    work(controller.signal).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    )
    return () => controller.abort(new TidingsError('TIDINGS_RUN_ENDED', 'another slot took its place'))
  })
}
