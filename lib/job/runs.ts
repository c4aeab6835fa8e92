import {
  BehaviorSubject,
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  exhaustMap,
  filter,
  finalize,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  type OperatorFunction,
  of,
  share,
  switchMap,
  take,
  takeUntil,
} from 'rxjs'
import { aborted$, type Clock, pause } from '../core/clock.ts'
import { asError, TidingsError } from '../core/errors.ts'
import { Stop } from '../core/stop.ts'
import type { Job } from './job.ts'
import type { JobSettings } from './settings.ts'
import { dueAt, type Slot, type SlotsOptions, slots$ } from './slots.ts'

/** The sources of a job's slots, and the callbacks for what happens to them. */
export interface RunsOptions {
  /** The time source. */
  readonly clock: Clock
  /** How the slots of the schedule are made and observed. */
  readonly slots: Pick<SlotsOptions, 'anchor' | 'nextSlot' | 'decided'>
  /** Reads the earlier slots before the schedule begins or resumes after a pause. Default: none. */
  restore?(): Promise<EarlierSlots>
  /** Whether the schedule is paused. Emits on subscription, and again to restart the schedule. Default: never paused. */
  readonly paused$?: Observable<boolean>
  /** Runs by hand. */
  readonly triggers$: Observable<Slot>
  /** Aborts when no more runs may begin; current runs may finish. */
  readonly stop: AbortSignal
  /** Runs one slot to its end and never rejects. `replaced` aborts when another slot takes its place. */
  runSlot(slot: Slot, replaced: Stop): Promise<unknown>
  /** A slot does not run, because others do. */
  skipped(slot: Slot): void
  /** Another slot took the place of this one before its turn came. */
  replaced?(slot: Slot): void
  /** Whether a run is executing, rather than waiting for its retry. Default: true in both cases. */
  executing?(): boolean
  /** The schedule failed and produces no more slots. Default: the failure ends the job. */
  failed?(error: Error): void
  /**
   * `waits`: the schedule has resumed, and waits for the end of a run; it decides about no slot meanwhile. `ended`: it no
   * longer waits. `paused`: it is paused, maybe while it waited.
   */
  resuming?(how: 'waits' | 'ended' | 'paused'): void
  /** Jitter delays the run of a due slot. The returned function is called when the delay is over. */
  delayed?(slot: Slot): () => void
}

/** The slots of a job from before a restart or a pause. */
export interface EarlierSlots {
  /** When the job was first seen. */
  readonly anchor: Date
  /** All slots up to here are decided, except those in `open` and `waiting`. */
  readonly after: Date
  /** Slots to decide about, together with those that passed since. */
  readonly open: readonly Slot[]
  /** Slots to run when they are due. */
  readonly waiting: readonly Slot[]
}

/**
 * Runs a job. Emits nothing; completes after `stop`, when the last run has ended. A failed run never ends the job.
 *
 * ```
 *   schedule ── slots$ ──► jitter ──┐
 *                 ▲                 ├──► overlap policy ──► runSlot, one slot after another
 *   restore, resume          by hand┘          │
 *                                              └──► skipped
 * ```
 *
 * - Several slots that are due at once form one group, which takes one place among the runs.
 * - A slot takes its place when its jitter is over, a run by hand at once.
 * - A slot that waits for its retry keeps its place. Only a run by hand may run beside it.
 */
export function runs$(job: Job, options: RunsOptions): Observable<never> {
  const { settings } = job
  const active$ = new BehaviorSubject(0)
  const scheduled = settings.enabled ? dueSlots$(job, options, active$) : NEVER
  const byHand = options.triggers$.pipe(map((slot): readonly Slot[] => [{ ...slot, requested: true, byHand: true }]))
  const runAll = (all: readonly Slot[]): Observable<never> =>
    defer(() => {
      active$.next(active$.value + 1)
      let begun = 0
      const run = (slot: Slot): Observable<never> =>
        fromAsync((replaced) => {
          begun += 1
          return options.runSlot(slot, replaced)
        })
      return concat(...all.map(run)).pipe(finalize(() => all.slice(begun).forEach((slot) => options.replaced?.(slot))))
    }).pipe(
      // Deferred until the policy has freed the place, so that a slot emitted in response is not skipped.
      finalize(() => queueMicrotask(() => active$.next(active$.value - 1))),
    )
  const { executing } = options
  return merge(scheduled, byHand).pipe(
    takeUntil(aborted$(options.stop)),
    overlap(
      settings.overlap,
      runAll,
      (all) => all.forEach((slot) => options.skipped(slot)),
      ([slot]) => slot?.byHand === true && executing?.() === false,
    ),
  )
}

/** The slots of a job, each when its run is due. A failed schedule ends them, but not the runs by hand. */
function dueSlots$(job: Job, options: RunsOptions, active$: Observable<number>): Observable<readonly Slot[]> {
  const { failed } = options
  const slots = pausableSlots$(job, options, active$)
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
function pausableSlots$(job: Job, options: RunsOptions, active$: Observable<number>): Observable<readonly Slot[]> {
  const { clock, paused$ = of(false), restore, resuming } = options
  const { missed, atStart, overlap } = job.settings
  let started = false
  const begin = (restored?: EarlierSlots): Observable<readonly Slot[]> => {
    const first = !started
    started = true
    const { waiting = [], ...known } = restored ?? {}
    // A run that waits for its retry holds up the job's other runs, as before the restart.
    const retried = waiting.filter(({ begun }) => begun === true)
    const groups = overlap === 'parallel' ? retried.map((slot) => [slot]) : retried.length === 0 ? [] : [retried]
    const early = waiting.filter(({ begun }) => begun !== true)
    const now = atStart && first && waiting.length === 0
    return merge(
      of(...groups),
      early.length === 0 ? EMPTY : of(early),
      slots$(job.schedule, { ...options.slots, clock, missed, ...known, atStart: now }),
    ).pipe(mergeMap((all) => whenDue(job, all, options)))
  }
  const idle$ = active$.pipe(
    filter((active) => active === 0),
    take(1),
  )
  const slots = restore === undefined ? defer(() => begin()) : defer(() => from(restore())).pipe(switchMap(begin))
  return paused$.pipe(
    switchMap((paused) => {
      resuming?.(paused ? 'paused' : 'waits')
      const resumed = defer(() => {
        resuming?.('ended')
        return slots
      })
      return paused ? NEVER : idle$.pipe(switchMap(() => resumed))
    }),
  )
}

/** Emits slots when their jitter is over, each separately, so that an early one does not wait for another. */
function whenDue(job: Job, all: readonly Slot[], { clock, delayed }: RunsOptions): Observable<readonly Slot[]> {
  const left = (slot: Slot): number => dueAt(job, slot) - clock.now()
  const waits = (slot: Slot): boolean => slot.begun !== true && left(slot) > 0
  const due = all.filter((slot) => !waits(slot))
  if (due.length === all.length) return of(due)
  const later = all.filter(waits).map((slot) =>
    defer(() => {
      const over = delayed?.(slot)
      // No longer than the jitter: the clock may have gone back.
      const length = Math.min(left(slot), job.settings.jitter)
      return concat(
        fromAsync((signal) => pause(clock, length, signal)),
        of([slot]),
      ).pipe(finalize(() => over?.()))
    }),
  )
  return merge(due.length === 0 ? EMPTY : of(due), ...later)
}

function fromAsync(work: (replaced: Stop) => Promise<unknown>): Observable<never> {
  return new Observable((subscriber) => {
    const replaced = new Stop()
    let isOver = false
    work(replaced).then(
      () => {
        isOver = true
        subscriber.complete()
      },
      (error) => {
        isOver = true
        subscriber.error(error)
      },
    )
    return () => {
      if (!isOver) replaced.abort(new TidingsError('TIDINGS_RUN_ENDED', 'another slot took its place'))
    }
  })
}

/**
 * Applies an overlap policy: each policy is an RxJS flattening operator.
 *
 * @param run must not error: that would end the job
 * @param skipped receives every slot that does not run because others do: `exhaustMap` would drop it silently, and the
 *   queue of `concatMap` is unbounded
 * @param now whether a slot runs at once although the one before it has not ended, because that one waits for its next
 *   attempt. Default: never
 */
export function overlap<S, R>(
  policy: JobSettings['overlap'],
  run: (slot: S) => Observable<R>,
  skipped: (slot: S) => void,
  now: (slot: S) => boolean = () => false,
): OperatorFunction<S, R> {
  switch (policy) {
    case 'parallel':
      return mergeMap(run)
    case 'replace':
      return switchMap(run)
    case 'skip':
      return atMost(1, exhaustMap, { run, skipped, now })
    case 'queue':
      return atMost(2, concatMap, { run, skipped, now })
  }
}

interface Overlapping<S, R> {
  run(slot: S): Observable<R>
  skipped(slot: S): void
  now(slot: S): boolean
}

type Flatten = <S, R>(run: (slot: S) => Observable<R>) => OperatorFunction<S, R>

function atMost<S, R>(
  most: number,
  flatten: Flatten,
  { run, skipped, now }: Overlapping<S, R>,
): OperatorFunction<S, R> {
  return (slots) =>
    defer(() => {
      let taken = 0
      const beside = new Set<S>()
      const room = (slot: S): boolean => {
        if (beside.size === 0 && taken > 0 && now(slot)) {
          beside.add(slot)
          return true
        }
        // A slot that runs beside a waiting run does not free that run's place, and takes no place in a queue.
        const fits = taken + (most === 1 ? beside.size : 0) < most
        if (fits) taken += 1
        else skipped(slot)
        return fits
      }
      const taking = slots.pipe(filter(room), share())
      return merge(
        taking.pipe(
          filter((slot) => !beside.has(slot)),
          flatten((slot: S) => run(slot).pipe(finalize(() => (taken -= 1)))),
        ),
        taking.pipe(
          filter((slot) => beside.has(slot)),
          mergeMap((slot: S) => run(slot).pipe(finalize(() => beside.delete(slot)))),
        ),
      )
    })
}
