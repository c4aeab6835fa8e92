import type { OperatorFunction } from 'rxjs'
import { type Duration, parseDuration } from '../../core/duration.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Path } from '../../filter/path.ts'
import { codeOf, fingerprint, keyBy, onlyOptions, type Per, reader, remembering, timeOf } from './memory-filter.ts'

/** The part that is present, and the value that brought it: that passes at `due`, unless another part comes first. */
interface Candidate {
  readonly part: string
  readonly seq: number
  readonly index: number
  /** When it has stayed for long enough, in ms since the epoch; absent: it has passed. */
  readonly due?: number
}

/**
 * Passes a value once the part at `path` has stayed the same for as long as `duration`: the value that brought it, that
 * much later, and only once. Another part in between begins a new wait. The wait is kept in the log and survives a
 * restart; what counts is when the events were created. Works only in the pipe of a listener.
 *
 * ```
 * in:   --a-b-b-b-----a--a--|
 *       settled(path, 4)
 * out:  --------b---------a-|
 * ```
 *
 * @param path a path into the value; a value without that part changes nothing
 * @throws TypeError for an invalid path or option, TidingsError `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 * import { settled } from 'tidings/filters'
 *
 * const door = eventType('door').of<{ state: 'open' | 'closed' }>()
 * export const left = listener(
 *   'left open',
 *   on(door).pipe(settled('data.state', '10m')),
 *   ({ data }) => console.log(`the door has been ${data.state} for ten minutes`),
 * )
 * ```
 */
export function settled<V>(
  path: Path<V>,
  duration: Duration,
  options: {
    /** Waits apart for each of these; default one wait for all values. */
    readonly per?: Per<V>
  } = {},
): OperatorFunction<V, V> {
  onlyOptions('settled()', options, ['per'])
  const partOf = reader('settled()', path, "a path such as 'data.state'")
  const length = parseDuration(duration, 'the duration of settled()')
  return remembering({
    kind: 'filter',
    code: codeOf('settled', [path, duration], options),
    keyOf: keyBy('settled()', options.per),
    judge: (cell, value, at) => {
      const time = timeOf(at, 'settled()')
      const last = cell as Candidate | undefined
      const part = fingerprint(partOf(value))
      if (part === undefined) return { passes: false }
      const isOver = last?.due !== undefined && time >= last.due
      const confirms = isOver ? { confirms: { seq: last.seq, index: last.index } } : {}
      if (last?.part === part) return { passes: false, ...confirms, ...(isOver ? { cell: passed(last) } : {}) }
      const due = time + length
      const isReplaced = last?.due !== undefined && !isOver
      const replaces = isReplaced ? { replaces: { seq: last.seq, index: last.index } } : {}
      return {
        passes: 'later',
        until: due,
        cell: { part, seq: at.seq, index: at.index, due },
        ...confirms,
        ...replaces,
      }
    },
    confirmed: (cell, { seq, index }) => {
      const last = cell as Candidate | undefined
      return last?.due !== undefined && last.seq === seq && last.index === index ? passed(last) : undefined
    },
  })
}

function passed({ part, seq, index }: Candidate): JsonValue {
  return { part, seq, index }
}
