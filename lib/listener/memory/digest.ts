import type { OperatorFunction } from 'rxjs'
import { isCount } from '../../core/count.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
import { code } from '../../filter/print.ts'
import { codeOf, keyBy, onlyOptions, type Per, remembering } from './memory-filter.ts'

/** A rule of time, as `every(…)` and `cron(…)` make it. */
export interface Times {
  /** The first time later than `after`; undefined after the last. */
  next(after: Date): Date | undefined
  /** The rule as text, such as `'0 18 * * *'`. */
  toString(): string
}

/** When a digest is handed out. At least one of `at`, `every` and `size`; the first that is met counts. */
export interface DigestOptions<V> {
  /** At these times: `every().day.at('18:00')`. */
  readonly at?: Times
  /** So long after the first event of the batch was created, in ms or as a duration. */
  readonly every?: Duration
  /** As soon as it has so many events, from 1 to 10 000; default 10 000. */
  readonly size?: number
  /** Collects apart for each of these; default one batch for all events. */
  readonly per?: Per<V>
}

/** The open batch of a key. */
interface Open {
  readonly seqs: readonly number[]
  /** When it is over, in ms since the epoch; null: only when it is full. */
  readonly due: number | null
}

/** The largest batch. */
const MOST = 10_000

/**
 * Collects values, and hands them to the handler together: as one array, with the events in `delivery.events`. The
 * batch is one delivery: one ack, one retry, one park, one `delivery.key`. An empty one is not sent. What waits is kept
 * in the log. The last operator of a pipe, and only in the pipe of a listener.
 *
 * @throws TypeError for invalid options or none, TidingsError `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { eventType, every, listener, on } from 'tidings'
 * import { digest } from 'tidings/filters'
 *
 * const article = eventType('article').of<{ title: string }>()
 * export const evening = listener(
 *   'evening',
 *   on(article).pipe(digest({ at: every().day.at('18:00') })),
 *   (articles) => console.log(articles.map(({ data }) => data.title).join('\n')),
 * )
 * ```
 */
export function digest<V>(options: DigestOptions<V>): OperatorFunction<V, readonly V[]> {
  onlyOptions('digest()', options, ['at', 'every', 'size', 'per'])
  const { at, every, size = MOST, per } = options
  if (at === undefined && every === undefined && options.size === undefined)
    throw new TypeError('digest() expects at, every or size: when to hand out what it has collected')
  if (at !== undefined && typeof (at as Partial<Times>).next !== 'function')
    throw new TypeError(`digest() expects at to be a schedule such as every().day.at('18:00'), and got ${code(at)}`)
  if (!isCount(size, 1) || size > MOST)
    throw new TypeError(`digest() expects size to be a whole number from 1 to ${MOST}, and got ${code(size)}`)
  const length = every === undefined ? undefined : parseDuration(every, 'every of digest()')
  const dueAfter = (time: number): number | undefined => {
    const ends = [length === undefined ? undefined : time + length, at?.next(new Date(time))?.getTime()]
    const known = ends.filter((each) => each !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }
  return remembering({
    kind: 'digest',
    code: codeOf('digest', [], { ...options, at: at === undefined ? undefined : String(at) }),
    keyOf: keyBy('digest()', per),
    collect: (cell, { seq, time }) => {
      const open = cell as Open | undefined
      const isOver = open !== undefined && open.due !== null && time >= open.due
      const over = isOver ? { over: open.seqs } : {}
      const seqs = isOver || open === undefined ? [seq] : [...open.seqs, seq]
      if (seqs.length >= size) return { closes: seqs, cell: null, ...over }
      const due = seqs.length > 1 ? (open?.due ?? null) : (dueAfter(time) ?? null)
      const until = seqs.length > 1 ? {} : { until: due ?? Number.POSITIVE_INFINITY }
      return { cell: { seqs, due }, ...until, ...over }
    },
    batch: (cell, first) => {
      const open = cell as Open | null | undefined
      return open?.seqs[0] === first ? open.seqs : undefined
    },
  })
}
