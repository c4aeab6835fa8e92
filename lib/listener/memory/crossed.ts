import type { OperatorFunction } from 'rxjs'
import type { Path } from '../../filter/path.ts'
import { code } from '../../filter/print.ts'
import { codeOf, keyBy, onlyOptions, type Per, reader, remembering } from './memory-filter.ts'

/**
 * Passes a value when the number at `path` has crossed `level`: it was below and is now at the level or above (up), or
 * it was above and is now below (down). The first number only says on which side it is. A value without a number there
 * changes nothing.
 *
 * ```
 * in:   --18--21--22--19--|
 *       crossed(path, 20)
 * out:  ------21------19--|
 * ```
 *
 * @throws TypeError for an invalid path, level or option
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 * import { crossed } from 'tidings/filters'
 *
 * const room = eventType('room').of<{ celsius: number }>()
 * export const cold = listener(
 *   'cold',
 *   on(room).pipe(crossed('data.celsius', 18, { direction: 'down', band: 0.5 })),
 *   ({ data }) => console.log(`only ${data.celsius} degrees`),
 * )
 * ```
 */
export function crossed<V>(
  path: Path<V>,
  level: number,
  options: {
    /** Passes only what crosses upwards, or downwards; default both. */
    readonly direction?: 'up' | 'down'
    /** How far beyond the level a number must be to count as on the other side, from 0; default 0. Keeps noise out. */
    readonly band?: number
    /** Remembers apart for each of these; default one memory for all values. */
    readonly per?: Per<V>
  } = {},
): OperatorFunction<V, V> {
  onlyOptions('crossed()', options, ['direction', 'band', 'per'])
  const { direction, band = 0, per } = options
  if (!Number.isFinite(level)) throw new TypeError(`crossed() expects a level, a number, and got ${code(level)}`)
  if (!(Number.isFinite(band) && band >= 0))
    throw new TypeError(`crossed() expects a band, a number from 0, and got ${code(band)}`)
  if (direction !== undefined && direction !== 'up' && direction !== 'down')
    throw new TypeError(`crossed() expects the direction 'up' or 'down', and got ${code(direction)}`)
  const numberOf = reader('crossed()', path, "a path such as 'data.celsius'")
  const sideOf = (value: number, last: unknown): unknown =>
    value >= level + band ? 'up' : value < level - band ? 'down' : last
  return remembering({
    kind: 'filter',
    code: codeOf('crossed', [path, level], options),
    keyOf: keyBy('crossed()', per),
    judge: (last, value) => {
      const number = numberOf(value)
      const side = typeof number === 'number' ? sideOf(number, last) : last
      if (typeof side !== 'string' || side === last) return { passes: false }
      return { passes: last !== undefined && (direction ?? side) === side, cell: side }
    },
  })
}
