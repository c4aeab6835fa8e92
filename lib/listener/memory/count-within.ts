import type { OperatorFunction } from 'rxjs'
import { isCount } from '../../core/count.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
import { code } from '../../filter/print.ts'
import { codeOf, keyBy, onlyOptions, type Per, remembering, timeOf } from './memory-filter.ts'

/** The largest count: the time of each value of the window is kept. */
const MOST = 1000

/**
 * Passes the nth value within a window of time, and then begins to count again. Time is when the events were created.
 *
 * @param n how many values, from 1 to 1 000
 * @param window from the first of them to the nth, in ms or as a duration; a value that old no longer counts
 * @throws TypeError for an invalid count or option, TidingsError `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 * import { countWithin } from 'tidings/filters'
 *
 * const failed = eventType('check.failed').of<{ host: string }>()
 * export const down = listener(
 *   'down',
 *   on(failed).pipe(countWithin(3, '10m', { per: 'data.host' })),
 *   ({ data }) => console.log(`${data.host} failed three times within ten minutes`),
 * )
 * ```
 */
export function countWithin<V>(
  n: number,
  window: Duration,
  options: {
    /** Counts apart for each of these; default one count for all values. */
    readonly per?: Per<V>
  } = {},
): OperatorFunction<V, V> {
  onlyOptions('countWithin()', options, ['per'])
  if (!isCount(n, 1) || n > MOST)
    throw new TypeError(`countWithin() expects a whole number from 1 to ${MOST}, and got ${code(n)}`)
  const length = parseDuration(window, 'the window of countWithin()')
  return remembering({
    kind: 'filter',
    code: codeOf('countWithin', [n, window], options),
    keyOf: keyBy('countWithin()', options.per),
    judge: (cell, _, at) => {
      const time = timeOf(at, 'countWithin()')
      // A time later than now: the clock went back.
      const within = ((cell ?? []) as readonly number[])
        .map((each) => Math.min(each, time))
        .filter((each) => each > time - length)
      return within.length + 1 >= n ? { passes: true, cell: [] } : { passes: false, cell: [...within, time] }
    },
    expires: (cell) => ((cell as readonly number[]).at(-1) ?? Number.NEGATIVE_INFINITY) + length,
  })
}
