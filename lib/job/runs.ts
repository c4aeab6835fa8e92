import {
  BehaviorSubject,
  concat,
  defer,
  filter,
  finalize,
  map,
  merge,
  NEVER,
  Observable,
  of,
  switchMap,
  take,
  takeUntil,
  tap,
} from 'rxjs'
import { abort$, type Clock } from '../core/clock.ts'
import { TidingsError } from '../core/errors.ts'
import type { Schedule } from '../schedule/index.ts'
import type { Job } from './job.ts'
import { overlap } from './overlap.ts'
import { type Slot, slots$, type Ticking } from './slots.ts'

/** What makes a job run, and who hears of it. */
export interface Running {
  readonly clock: Clock
  readonly ticking: Pick<Ticking, 'anchor' | 'after' | 'waits' | 'passed'>
  /** Whether its schedule rests; emits at once. Default: never. */
  readonly paused$?: Observable<boolean>
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
  const { clock, ticking, stop, paused$ = of(false) } = running
  const { enabled, missed, atStart } = settings
  const going$ = new BehaviorSubject(0)
  const slots = enabled ? restingSlots$(schedule, { ...ticking, clock, missed, atStart }, paused$, going$) : NEVER
  const asked = running.triggers$.pipe(map((slot) => [{ ...slot, asked: true as const }]))
  const runAll = (all: readonly Slot[]): Observable<never> =>
    defer(() => {
      going$.next(going$.value + 1)
      return concat(...all.map((slot) => fromAsync((signal) => running.runSlot(slot, signal))))
    }).pipe(
      // Later than the policy notices: what comes then must not find the place taken.
      finalize(() => queueMicrotask(() => going$.next(going$.value - 1))),
    )
  return merge(slots, asked).pipe(
    takeUntil(abort$(stop)),
    overlap(settings.overlap, runAll, (all) => all.forEach((slot) => running.skipped(slot))),
  )
}

/**
 * The slots of a schedule that can be paused. A pause is as if nothing ran: what passes meanwhile is missed. Afterwards
 * they come again once no run goes on: that of `always()` would be taken for one too many.
 */
function restingSlots$(
  schedule: Schedule,
  { after, atStart = false, ...ticking }: Ticking,
  paused$: Observable<boolean>,
  going$: Observable<number>,
): Observable<readonly Slot[]> {
  let done = after
  let started = false
  const passed: Ticking['passed'] = (slots, alone) => {
    done = slots.last
    ticking.passed?.(slots, alone)
  }
  const slots = defer(() => {
    const first = !started
    started = true
    const resumed = { ...ticking, atStart: atStart && first, passed }
    return slots$(schedule, done === undefined ? resumed : { ...resumed, after: done })
  }).pipe(
    tap((all) => {
      const newest = all.filter(({ asked }) => asked !== true).at(-1)
      if (newest !== undefined) done = newest.at
    }),
  )
  const idle$ = going$.pipe(
    filter((going) => going === 0),
    take(1),
  )
  return paused$.pipe(switchMap((paused) => (paused ? NEVER : idle$.pipe(switchMap(() => slots)))))
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
