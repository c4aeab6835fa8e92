import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { Histogram } from '../core/histogram.ts'
import { SECOND } from '../core/time-units.ts'

/** How many types are counted one by one; drafts and events of all others count as `OTHER_TYPES`. */
const MOST_TYPES = 100

/** What stands for all types beyond the first hundred. */
export const OTHER_TYPES = 'other'

/** How many publishers are counted one by one; the others are not. */
const MOST_PUBLISHERS = 1000

/** What became of the drafts of one type. */
export interface TypeMeter {
  /** Drafts by their answer; `refused`: invalid ones, and those in one call with them. */
  readonly accepts: Record<Accepted['status'] | 'refused', number>
  /** Events that are durable. */
  events: number
}

/** Who has published drafts. */
interface Publisher {
  readonly job?: string
  readonly listener?: string
}

/** The name under which a type is counted: its own, if it is one of the first hundred; else `OTHER_TYPES`. */
function meteredType(counted: ReadonlyMap<string, unknown>, type: string): string {
  const room = MOST_TYPES + (counted.has(OTHER_TYPES) ? 1 : 0)
  return counted.has(type) || counted.size < room ? type : OTHER_TYPES
}

/** Counts by type, under the name that `meteredType` gives. */
export class ByType<T> {
  readonly all = new Map<string, T>()
  readonly #make: () => T
  #last: { readonly type: string; readonly counted: T } | undefined

  constructor(make: () => T) {
    this.#make = make
  }

  /** Returns the counts of a type, all zero for a new one. */
  of(type: string): T {
    // Neighbours often have the same type: comparing two is faster than looking one up.
    if (this.#last?.type !== type) this.#last = { type, counted: this.#find(type) }
    return this.#last.counted
  }

  #find(type: string): T {
    const known = this.all.get(type)
    if (known !== undefined) return known
    const name = meteredType(this.all, type)
    const made = this.all.get(name) ?? this.#make()
    this.all.set(name, made)
    return made
  }
}

/** What a log counts since it was opened, in plain numbers. */
export class LogMeter {
  readonly #types = new ByType<TypeMeter>(() => ({
    accepts: { new: 0, changed: 0, duplicate: 0, refused: 0 },
    events: 0,
  }))
  /** By the name of the type; see `ByType`. */
  readonly types: ReadonlyMap<string, TypeMeter> = this.#types.all
  /** How many events each job has published, by type. */
  readonly jobs = new Map<string, Map<string, number>>()
  /** How many events each listener has published in answer to others, by type. */
  readonly listeners = new Map<string, Map<string, number>>()
  /** How long commits took, in seconds. */
  readonly commitSeconds = new Histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5])
  /** How many events commits had. */
  readonly commitEvents = new Histogram([0, 1, 10, 50, 100, 250, 512])

  /** The log has answered these drafts, each with a status. */
  answered(
    drafts: readonly Pick<Draft, 'type'>[],
    statuses: readonly Accepted['status'][],
    { job, listener }: Publisher,
  ): void {
    const publisher = job ?? listener
    const counted = job === undefined ? this.listeners : this.jobs
    const published = publisher === undefined ? undefined : publishedBy(counted, publisher)
    for (let at = 0; at < statuses.length; at++) {
      const status = statuses[at] as Accepted['status']
      const { type } = drafts[at] as Pick<Draft, 'type'>
      this.#types.of(type).accepts[status] += 1
      if (published === undefined || status === 'duplicate') continue
      const name = meteredType(published, type)
      published.set(name, (published.get(name) ?? 0) + 1)
    }
  }

  /** The log has refused these drafts, which may be anything. */
  refused(drafts: unknown): void {
    if (!Array.isArray(drafts)) return
    for (const draft of drafts as readonly (Partial<Draft> | undefined)[]) {
      // A type that is not valid does not take the place of one that is.
      const known = typeof draft?.type === 'string' && this.types.has(draft.type) ? draft.type : OTHER_TYPES
      this.#types.of(known).accepts.refused += 1
    }
  }

  /** A commit of these events took so many ms. */
  committed(events: readonly { readonly event: Pick<StoredEvent, 'type'> }[], ms: number): void {
    for (const { event } of events) this.#types.of(event.type).events += 1
    this.commitEvents.observe(events.length)
    this.commitSeconds.observe(ms / SECOND)
  }
}

function publishedBy(counted: Map<string, Map<string, number>>, name: string): Map<string, number> | undefined {
  const known = counted.get(name)
  if (known !== undefined || counted.size >= MOST_PUBLISHERS) return known
  const made = new Map<string, number>()
  counted.set(name, made)
  return made
}
