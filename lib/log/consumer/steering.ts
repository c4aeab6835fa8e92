import { defined } from '../../core/defined.ts'
import { describe, TidingsError } from '../../core/errors.ts'
import { checkWrite } from '../check-draft.ts'
import type { EventPlace, Parked, Retrying, Writes } from '../port.ts'
import { checkInstant } from '../query.ts'
import type { ConsumerStore, ParkedRecord, RetryRecord } from './consumer-store.ts'
import type { InFlight } from './in-flight.ts'
import type { PendingWrites } from './pending-writes.ts'

/** The parked events of one consumer. Only their seqs are in memory. */
export class ParkedEvents {
  readonly #pending: PendingWrites
  readonly #seqs: Set<number>

  constructor(pending: PendingWrites, seqs: readonly number[]) {
    this.#pending = pending
    this.#seqs = new Set(seqs)
  }

  get size(): number {
    return this.#seqs.size
  }

  park(seq: number, record: ParkedRecord): void {
    this.#seqs.add(seq)
    this.#pending.change({ kind: 'parked', seq, record })
  }

  /** Returns false when the event is not parked. */
  remove(seq: number): boolean {
    if (!this.#seqs.delete(seq)) return false
    this.#pending.change({ kind: 'parked', seq })
    return true
  }

  has(seq: number): boolean {
    return this.#seqs.has(seq)
  }

  /** The seqs of the parked events after this one, lowest first. */
  seqs(after = 0): readonly number[] {
    return [...this.#seqs].filter((seq) => seq > after).sort((a, b) => a - b)
  }
}

/** Lets a person list, release, drop and redeliver events of one consumer. Nothing is durable before a commit. */
export class Steering {
  readonly #store: ConsumerStore
  readonly #pending: PendingWrites
  readonly #inFlight: InFlight
  readonly #parked: ParkedEvents

  constructor(store: ConsumerStore, pending: PendingWrites, inFlight: InFlight, parked: ParkedEvents) {
    this.#store = store
    this.#pending = pending
    this.#inFlight = inFlight
    this.#parked = parked
  }

  async *parked(after = 0): AsyncGenerator<Parked> {
    for (const seq of this.#parked.seqs(after)) {
      const record = await this.#pending.read('parked', seq)
      const event = await this.#store.readOne(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  async *retrying(after = 0): AsyncGenerator<Retrying> {
    for (const seq of this.#inFlight.waitingSeqs()) {
      if (seq <= after) continue
      const record = await this.#pending.read('retry', seq)
      const event = await this.#store.readOne(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  /** How far an event is that is in flight, waits or is parked; undefined for any other. */
  async place(seq: number): Promise<EventPlace | undefined> {
    if (this.#inFlight.isRunning(seq)) return { state: 'running' }
    if (this.#inFlight.isWaiting(seq)) return placeOf('retrying', await this.#pending.read('retry', seq))
    return this.#parked.has(seq) ? placeOf('parked', await this.#pending.read('parked', seq)) : undefined
  }

  /** Lets a parked event wait for its next delivery. Returns false when it is not parked (any more). */
  release(seq: number, { replay }: ParkedRecord): boolean {
    if (!this.#parked.remove(seq)) return false
    this.#inFlight.wait(seq, defined({ attempts: 0, at: this.#store.clock.now(), replay }))
    return true
  }

  /**
   * Hands these events out again. `replay` counts the request, and is called only once the request is valid.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, with `details` { seq, first }
   */
  redeliver(
    seqs: Iterable<number>,
    replay: () => number,
    { at = this.#store.clock.now(), writes = [] }: { readonly at?: number; readonly writes?: Writes },
  ): void {
    const kept = this.#kept(seqs)
    const checked = writes.map(checkWrite)
    const record = { attempts: 0, at: checkInstant(at, 'at'), replay: replay() }
    this.#pending.writeState(checked)
    for (const seq of kept) {
      this.#parked.remove(seq)
      this.#inFlight.wait(seq, record)
    }
  }

  // Returns these seqs if all are in the log and have their bodies.
  #kept(given: Iterable<number>): readonly number[] {
    const { first, durable } = this.#store
    const seqs = [...given]
    const at = seqs.findIndex((seq) => !(Number.isSafeInteger(seq) && seq >= first && seq <= durable))
    if (at < 0) return seqs
    const wrong = seqs[at] as number
    const words =
      wrong >= 1 && wrong < first
        ? `event ${wrong} was pruned: the log begins at ${first}`
        : `there is no event ${describe(wrong)}: the log ends at ${durable}`
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { seq: wrong, first } })
  }
}

/** How far an event is that has this record; undefined without one. */
export function placeOf(
  state: 'retrying' | 'parked',
  record: RetryRecord | ParkedRecord | undefined,
): EventPlace | undefined {
  if (record === undefined) return undefined
  const { attempts, at, error } = record
  return defined({ state, attempts, at, error })
}
