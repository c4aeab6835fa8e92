import {
  concatMap,
  defer,
  exhaustMap,
  filter,
  finalize,
  mergeMap,
  type Observable,
  type OperatorFunction,
  switchMap,
} from 'rxjs'
import type { JobSettings } from './settings.ts'

/**
 * Runs one slot over another as the policy says: each policy is the flattening operator that does it. `skipped` hears
 * of every slot that does not run because others do: `exhaustMap` would drop it without a word, `concatMap` would keep
 * any number.
 *
 * `run` must not error: that would end the job.
 */
export function overlap<S, R>(
  policy: JobSettings['overlap'],
  run: (slot: S) => Observable<R>,
  skipped: (slot: S) => void,
): OperatorFunction<S, R> {
  switch (policy) {
    case 'parallel':
      return mergeMap(run)
    case 'replace':
      return switchMap(run)
    case 'skip':
      return atMost(1, exhaustMap, run, skipped)
    case 'queue':
      return atMost(2, concatMap, run, skipped)
  }
}

type Flatten = <S, R>(run: (slot: S) => Observable<R>) => OperatorFunction<S, R>

function atMost<S, R>(
  most: number,
  flatten: Flatten,
  run: (slot: S) => Observable<R>,
  skipped: (slot: S) => void,
): OperatorFunction<S, R> {
  return (slots) =>
    defer(() => {
      let taken = 0
      const room = (slot: S): boolean => {
        const fits = taken < most
        if (fits) taken += 1
        else skipped(slot)
        return fits
      }
      return slots.pipe(
        filter(room),
        flatten((slot: S) => run(slot).pipe(finalize(() => (taken -= 1)))),
      )
    })
}
