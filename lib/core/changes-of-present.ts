import { merge, type Observable, startWith, switchMap } from 'rxjs'

/** Emits when another has taken the place of the present one, and what the present one emits. */
export function changesOfPresent(replaced$: Observable<void>, changes: () => Observable<void>): Observable<void> {
  return merge(replaced$, replaced$.pipe(startWith(undefined), switchMap(changes)))
}
