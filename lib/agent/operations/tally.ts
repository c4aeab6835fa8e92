import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { eventFields } from '../../filter/parse-where.ts'
import { read } from '../../filter/path.ts'
import { count as checkCount } from '../../log/query.ts'

/** How many events have a value. */
export interface KeyCount {
  /**
   * The value: of a path, as JSON, `null` also where it is missing; a day, `2027-01-31`; an hour, `2027-01-31T12:00+01:00`,
   * both local to the process that counted.
   */
  readonly key: unknown
  /** The number of events, from 1. */
  readonly count: number
}

/** How many events there are of each value. */
export interface Tally {
  /** By count, the greatest first; hours and days in their order. */
  readonly counts: readonly KeyCount[]
  /** What `limit` left out; absent if nothing. */
  readonly others?: {
    /** The number of values. */
    readonly keys: number
    /** The number of their events. */
    readonly events: number
  }
}

/** What to count by, and how many values to return. */
export interface TallyOptions {
  /** A path such as `type`, `job` or `data.repo.name`; `hour` or `day`: when the events were accepted. */
  readonly by: string
  /** At most this many values: those with the most events, or the newest hours or days. Default all. */
  readonly limit?: number
}

/** Counts events one by one; holds a number for each value. */
export class Tallier {
  readonly #keyOf: (event: StoredEvent) => unknown
  readonly #limit: number
  readonly #isTime: boolean
  readonly #counts = new Map<string, { readonly key: unknown; count: number }>()

  /** @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the invalid part */
  constructor({ by, limit }: TallyOptions) {
    this.#isTime = Object.hasOwn(TIMES, by)
    this.#keyOf = this.#isTime ? TIMES[by as keyof typeof TIMES] : valueAt(by)
    this.#limit = checkCount(limit, 'limit', Number.POSITIVE_INFINITY)
  }

  add(event: StoredEvent): void {
    const key = this.#keyOf(event) ?? null
    const text = typeof key === 'string' ? key : JSON.stringify(key)
    // A text and a number that look alike are two values.
    const name = typeof key === 'string' ? `"${text}` : text
    const known = this.#counts.get(name)
    if (known === undefined) this.#counts.set(name, { key, count: 1 })
    else known.count += 1
  }

  done(): Tally {
    const all = [...this.#counts.values()]
    // Events of hours and days may come out of order, after an import or a step of the clock.
    if (this.#isTime) all.sort((a, b) => this.#times(a.key) - this.#times(b.key))
    else all.sort((a, b) => b.count - a.count)
    const cut = Math.max(0, all.length - this.#limit)
    if (cut === 0) return { counts: all }
    const [counts, left] = this.#isTime ? [all.slice(cut), all.slice(0, cut)] : [all.slice(0, -cut), all.slice(-cut)]
    return { counts, others: { keys: cut, events: left.reduce((sum, { count }) => sum + count, 0) } }
  }

  #times(key: unknown): number {
    return Date.parse(String(key))
  }
}

const TIMES = {
  day: ({ created }: StoredEvent) => dayOf(new Date(created)),
  hour: ({ created }: StoredEvent) => {
    const at = new Date(created)
    return `${dayOf(at)}T${two(at.getHours())}:00${offsetOf(at)}`
  },
} as const

const two = (number: number): string => String(number).padStart(2, '0')

const dayOf = (at: Date): string =>
  [String(at.getFullYear()).padStart(4, '0'), two(at.getMonth() + 1), two(at.getDate())].join('-')

// Tells the hour that a clock shows twice, when summer ends.
function offsetOf(at: Date): string {
  const minutes = -at.getTimezoneOffset()
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${minutes < 0 ? '-' : '+'}${two(hours)}:${two(rest)}`
}

function valueAt(by: string): (event: StoredEvent) => unknown {
  const steps = by.split('.')
  if (!eventFields.includes(steps[0] ?? '') || steps.includes('')) {
    const expected = 'hour, day, or a path of an event such as type, job or data.repo.name'
    throw new TidingsError('TIDINGS_LOG_INVALID', `${quote('by')} must be ${expected}, got ${describe(by)}`, {
      details: { path: 'by' },
    })
  }
  return (event) => read(event, steps)
}
