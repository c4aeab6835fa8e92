import type { OperatorFunction } from 'rxjs'
import { type Duration, parseDuration } from '../../core/duration.ts'
import { codeOf, keyBy, onlyOptions, type Per, remembering, timeOf } from './memory-filter.ts'

/**
 * Passes the first value of each key, and no other of that key until `every` has passed since then. Time is when the
 * events were created.
 *
 * @throws TypeError for an invalid key or option, TidingsError `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 * import { firstPer } from 'tidings/filters'
 *
 * const failed = eventType('check.failed').of<{ host: string }>()
 * export const alarm = listener(
 *   'alarm',
 *   on(failed).pipe(firstPer('data.host', { every: '1h' })),
 *   ({ data }) => console.log(`${data.host} has failed`),
 * )
 * ```
 */
export function firstPer<V>(
  key: Per<V>,
  options: {
    /** How long other values of a key are kept back, in ms or as a duration; from 1 ms. */
    readonly every: Duration
  },
): OperatorFunction<V, V> {
  onlyOptions('firstPer()', options, ['every'])
  const every = parseDuration(options.every, 'every of firstPer()')
  return remembering({
    kind: 'filter',
    code: codeOf('firstPer', [key], options),
    keyOf: keyBy('firstPer()', key),
    judge: (last, _, at) => {
      const time = timeOf(at, 'firstPer()')
      if (typeof last !== 'number' || time >= last + every) return { passes: true, cell: time }
      // The clock went back: nothing is kept back for longer than `every`.
      return time < last ? { passes: false, cell: time } : { passes: false }
    },
    expires: (last) => (last as number) + every,
  })
}
