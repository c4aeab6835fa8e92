import { firstPlace } from '../../core/first-place.ts'
import type { Handed } from '../port.ts'
import type { RecordChange, RetryRecord } from './consumer-store.ts'
import type { PendingWrites } from './pending-writes.ts'
import { Retries, type Waiting } from './retries.ts'
import type { Crashes, StoredConsumer } from './stored-consumer.ts'

/** How many seqs that are over are kept at the head of a list, rather than moving the others. */
const MOST_OVER = 1024

/** The events of one consumer that are handed out and not settled: being handled, or waiting for another attempt. */
export class InFlight {
  readonly #pending: PendingWrites
  /** Being handled for the first time: the cursor stays before the lowest of them. */
  readonly #fresh = new FreshSeqs()
  /** Being handled again: they have a record in the store, so the cursor may pass them (decision 0005). */
  readonly #again = new Set<number>()
  readonly #retries: Retries
  /** Requested again while being handled: the store has the record, and the event waits once the delivery has ended. */
  readonly #requested = new Map<number, RetryRecord>()
  readonly #suspects: Suspects
  /** The waiting events that wait for newer ones, and do not count. */
  readonly #beyond = new Set<number>()

  constructor(pending: PendingWrites, { waiting, suspects }: StoredConsumer, inOrder: boolean) {
    this.#pending = pending
    this.#retries = new Retries(inOrder)
    for (const each of waiting) this.#retries.add(each)
    this.#suspects = new Suspects(suspects)
  }

  /** The number of events being handled. */
  get running(): number {
    return this.#fresh.size + this.#again.size
  }

  /** The number of events that wait for another attempt. */
  get waiting(): number {
    return this.#retries.size
  }

  /** The number of waiting events that keep new ones from being handed out. */
  get counted(): number {
    return this.#retries.size - this.#beyond.size
  }

  /** The waiting event that is due next; with `inOrder`, the oldest. */
  get first(): Waiting | undefined {
    return this.#retries.first
  }

  /** When the next waiting event is due, in ms since the epoch. */
  get nextAt(): number | undefined {
    return this.#retries.nextAt
  }

  /** The number of suspects that have not been handed out yet. */
  get suspects(): number {
    return this.#suspects.left
  }

  /** The lowest seq being handled for the first time. */
  get lowestFresh(): number | undefined {
    return this.#fresh.lowest
  }

  /** The seqs being handled again. */
  get again(): Iterable<number> {
    return this.#again
  }

  /** The seqs being handled for the first time, lowest first. */
  get fresh(): readonly number[] {
    return this.#fresh.list()
  }

  isRunning(seq: number): boolean {
    return this.#fresh.has(seq) || this.#again.has(seq)
  }

  isWaiting(seq: number): boolean {
    return this.#retries.has(seq)
  }

  /** The waiting events due at `now`: lowest seqs first, at most `max`. */
  due(now: number, max: number): readonly Waiting[] {
    return this.#retries.due(now, max)
  }

  /** The seqs of the waiting events, lowest first. */
  waitingSeqs(): readonly number[] {
    return this.#retries.seqs()
  }

  begin(seq: number): void {
    this.#fresh.add(seq)
  }

  /** Returns false when the event no longer waits. */
  beginAgain(seq: number): boolean {
    if (!this.#retries.remove(seq)) return false
    this.#beyond.delete(seq)
    this.#again.add(seq)
    return true
  }

  /** Lets an event wait for another delivery, as this record says. */
  wait(seq: number, record: RetryRecord, beyond = false): void {
    this.#beyond.delete(seq)
    if (beyond && !this.isRunning(seq)) this.#beyond.add(seq)
    if (this.isRunning(seq)) this.#requested.set(seq, record)
    else this.#retries.add({ seq, ...record })
    this.#pending.change({ kind: 'retry', seq, record })
  }

  /** Whether the event was requested again while being handled. */
  isRequested(seq: number): boolean {
    return this.#requested.has(seq)
  }

  /** The delivery ended, and its record is no longer needed. */
  settle(seq: number): void {
    // Most events are handled once: then nothing is handled again, and this needs no look-up.
    if (this.#again.size > 0 && this.#again.has(seq) && !this.#requested.has(seq))
      this.#pending.change({ kind: 'retry', seq })
    this.end(seq)
  }

  /** The delivery ended, in success or failure. The process survived it, so the event is no longer a suspect. */
  end(seq: number): void {
    if (this.#suspects.clear(seq)) this.#pending.change({ kind: 'crashes', seq })
    if (!this.#fresh.delete(seq)) this.#again.delete(seq)
    if (this.#requested.size === 0) return
    const requested = this.#requested.get(seq)
    this.#requested.delete(seq)
    if (requested !== undefined) this.#retries.add({ seq, ...requested })
  }

  /** Another consumer now hands out the events in flight. */
  dismiss(): void {
    this.#fresh.clear()
    this.#again.clear()
  }

  /** Notes that nothing is in flight, except for suspects: they stay suspects after a restart. */
  noteSuspects(): void {
    const { seqs } = this.#suspects
    this.#pending.change({ kind: 'inFlight', ...(seqs.length === 0 ? {} : { record: seqs }) })
  }

  /** Returns the changes to store before these are handed out, and adds `crashes` to suspects. Changes nothing. */
  note(handed: readonly Handed[]): { readonly handed: readonly Handed[]; readonly changes: readonly RecordChange[] } {
    const inFlight = { kind: 'inFlight', record: [...this.#fresh.list(), ...this.#again] } as const
    if (this.#suspects.isEmpty) return { handed, changes: [inFlight] }
    const noted = handed.map((each): Handed => {
      const crashes = this.#suspects.crashes(each.event.seq)
      return crashes === undefined ? each : { ...each, crashes }
    })
    // Counts the crash in advance: a dead process can't record it.
    const suspected = noted.flatMap(({ event: { seq }, crashes }): RecordChange[] =>
      crashes === undefined ? [] : [{ kind: 'crashes', seq, record: crashes + 1 }],
    )
    return { handed: noted, changes: [inFlight, ...suspected] }
  }

  /** These events were handed out. */
  handedOut(handed: readonly Handed[]): void {
    if (!this.#suspects.isEmpty) for (const { event } of handed) this.#suspects.handedOut(event.seq)
  }
}

/**
 * The seqs of events that are being handled for the first time. They begin in order, lowest first, and most end in order: then
 * a place in a list moves on, and nothing is looked up.
 *
 * ```
 *   #seqs   3  4  7 │ 8  9  12  13
 *           all over│ ↑#start       9 and 12 are over too if `#over` has them; 8 is not
 * ```
 */
class FreshSeqs {
  #seqs: number[] = []
  #start = 0
  /** Those that ended before a lower one. */
  readonly #over = new Set<number>()

  get size(): number {
    return this.#seqs.length - this.#start - this.#over.size
  }

  get lowest(): number | undefined {
    return this.#seqs[this.#start]
  }

  list(): readonly number[] {
    const seqs = this.#seqs.slice(this.#start)
    return this.#over.size === 0 ? seqs : seqs.filter((seq) => !this.#over.has(seq))
  }

  has(seq: number): boolean {
    return seq === this.lowest || (this.#includes(seq) && !this.#over.has(seq))
  }

  /** `seq` is above all others. */
  add(seq: number): void {
    this.#seqs.push(seq)
  }

  /** Returns false when it does not have the seq. */
  delete(seq: number): boolean {
    if (seq !== this.lowest) {
      const has = this.has(seq)
      if (has) this.#over.add(seq)
      return has
    }
    do this.#start += 1
    while (this.#over.size > 0 && this.#over.delete(this.#seqs[this.#start] as number))
    if (this.#start >= MOST_OVER) this.#forgetOver()
    return true
  }

  #forgetOver(): void {
    this.#seqs = this.#seqs.slice(this.#start)
    this.#start = 0
  }

  clear(): void {
    this.#seqs = []
    this.#start = 0
    this.#over.clear()
  }

  #includes(seq: number): boolean {
    return this.#seqs[firstPlace(this.#seqs, (each) => each < seq, this.#start)] === seq
  }
}

/**
 * The events of one consumer that may have killed the process: all that were in flight when it died. Each is handed
 * out alone, after its attempt was recorded, so that the next crash identifies the one event that causes it
 * (decision 0006).
 */
class Suspects {
  readonly #crashes: Map<number, number>
  readonly #handedOut = new Set<number>()

  constructor(crashes: Crashes) {
    this.#crashes = new Map(crashes)
  }

  /** Whether no event is a suspect, as is usual. */
  get isEmpty(): boolean {
    return this.#crashes.size === 0
  }

  /** The number of suspects that have not been handed out yet. */
  get left(): number {
    return this.#crashes.size - this.#handedOut.size
  }

  /** The seqs of the suspects that have not been handed out yet. */
  get seqs(): readonly number[] {
    return [...this.#crashes.keys()].filter((seq) => !this.#handedOut.has(seq))
  }

  /** How often the process died with this event alone in flight; undefined when it is not a suspect. */
  crashes(seq: number): number | undefined {
    return this.#crashes.get(seq)
  }

  handedOut(seq: number): void {
    if (this.#crashes.has(seq)) this.#handedOut.add(seq)
  }

  /** Returns false when the event was not a suspect. */
  clear(seq: number): boolean {
    if (this.isEmpty) return false
    this.#handedOut.delete(seq)
    return this.#crashes.delete(seq)
  }
}
