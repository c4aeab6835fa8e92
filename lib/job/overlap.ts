import {
  concatMap,
  defer,
  exhaustMap,
  filter,
  finalize,
  merge,
  mergeMap,
  type Observable,
  type OperatorFunction,
  share,
  switchMap,
} from 'rxjs'
import type { JobSettings } from './settings.ts'

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
