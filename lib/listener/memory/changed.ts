import type { OperatorFunction } from 'rxjs'
import type { Path } from '../../filter/path.ts'
import { codeOf, fingerprint, keyBy, onlyOptions, type Per, reader, remembering } from './memory-filter.ts'

/**
 * Passes a value when the part at `path` differs from the one that was passed last; the first always passes. A value
 * without that part never passes. Objects are compared by their JSON.
 *
 * ```
 * in:   --1--1--2--2--1--|
 *       changed()
 * out:  --1-----2-----1--|
 * ```
 *
 * In the pipe of a listener, what was passed last is kept in the log: across restarts, and once for each event.
 *
 * @param path a path into the value, or a function of it
 * @throws TypeError for an invalid path or option
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 * import { changed } from 'tidings/filters'
 *
 * const build = eventType('build').of<{ branch: string; state: 'green' | 'red' }>()
 * export const turned = listener(
 *   'turned',
 *   on(build).pipe(changed('data.state', { per: 'data.branch' })),
 *   ({ data }) => console.log(`${data.branch} is ${data.state}`),
 * )
 * ```
 */
export function changed<V>(
  path: Path<V> | ((value: V) => unknown),
  options: {
    /** Remembers apart for each of these; default one memory for all values. */
    readonly per?: Per<V>
  } = {},
): OperatorFunction<V, V> {
  onlyOptions('changed()', options, ['per'])
  const partOf = reader('changed()', path, "a path such as 'data.state', or a function")
  return remembering({
    kind: 'filter',
    code: codeOf('changed', [path], options),
    keyOf: keyBy('changed()', options.per),
    judge: (last, value) => {
      const part = fingerprint(partOf(value))
      return part === undefined || part === last ? { passes: false } : { passes: true, cell: part }
    },
  })
}
