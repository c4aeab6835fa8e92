import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { Histogram } from '../core/histogram.ts'

/** How many types are counted one by one; drafts and events of all others count as `OTHER_TYPES`. */
const MOST_TYPES = 100

/** What stands for all types beyond the first hundred. */
export const OTHER_TYPES = 'other'

/** What became of the drafts of one type. */
export interface TypeMeter {
  /** Drafts by their answer; `refused`: invalid ones, and those in one call with them. */
  readonly accepts: Record<Accepted['status'] | 'refused', number>
  /** Events that are durable. */
  events: number
}

/** What a log counts since it was opened, in plain numbers. */
export class LogMeter {
  /** By the name of the type: the first hundred that came, and `OTHER_TYPES`. */
  readonly types = new Map<string, TypeMeter>()
  /** How long commits took, in seconds. */
  readonly commitSeconds = new Histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5])
  /** How many events commits had. */
  readonly commitEvents = new Histogram([0, 1, 10, 50, 100, 250, 512])

  /** The log has answered these drafts. */
  answered(drafts: readonly Draft[], answers: readonly Accepted[]): void {
    for (const [at, { status }] of answers.entries()) this.#of((drafts[at] as Draft).type).accepts[status] += 1
  }

  /** The log has refused these drafts, which may be anything. */
  refused(drafts: unknown): void {
    if (!Array.isArray(drafts)) return
    for (const draft of drafts as readonly (Partial<Draft> | undefined)[]) {
      // A type that is not valid does not take the place of one that is.
      const known = typeof draft?.type === 'string' && this.types.has(draft.type) ? draft.type : OTHER_TYPES
      this.#of(known).accepts.refused += 1
    }
  }

  /** A commit of these events took so many ms. */
  committed(events: readonly { readonly event: Pick<StoredEvent, 'type'> }[], ms: number): void {
    for (const { event } of events) this.#of(event.type).events += 1
    this.commitEvents.observe(events.length)
    this.commitSeconds.observe(ms / 1000)
  }

  #of(type: string): TypeMeter {
    const known = this.types.get(type)
    if (known !== undefined) return known
    if (type !== OTHER_TYPES && this.types.size >= MOST_TYPES + (this.types.has(OTHER_TYPES) ? 1 : 0))
      return this.#of(OTHER_TYPES)
    const made: TypeMeter = { accepts: { new: 0, changed: 0, duplicate: 0, refused: 0 }, events: 0 }
    this.types.set(type, made)
    return made
  }
}
