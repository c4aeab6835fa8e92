import { firstValueFrom, merge, NEVER, type Observable, Subject } from 'rxjs'
import { aborted$, at$, monotonic } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { errorInfo } from '../../core/error-info.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import { checkWrite } from '../check-draft.ts'
import type { Consumer, Handed, Hold, Lag, Parked, Retrying, RetryPlan, Writes } from '../port.ts'
import { type HeldBy, lowestNeed } from '../retention.ts'
import type { ConsumerStore, PendingBatch, WriteSource } from './consumer-store.ts'
import { ConsumerCursor } from './cursor.ts'
import { HandOut, type HandOutOptions } from './hand-out.ts'
import { InFlight } from './in-flight.ts'
import { PendingWrites } from './pending-writes.ts'
import { retryRecord } from './retries.ts'
import { ParkedEvents, Steering } from './steering.ts'
import type { StoredConsumer } from './stored-consumer.ts'

/** Number of skipped events after which the cursor is stored; a crash makes the consumer scan them again. */
export const MOST_PASSED = 1024

/**
 * The logic of a consumer, the same for every store. Its memory is bounded: events stay in the store, and only the seqs
 * of those that are in flight, waiting or parked are in memory.
 *
 * An event at a consumer; `waiting` and `parked` have records of their own:
 *
 * ```
 *   unread ── pull ──▶ in flight ── ack ──▶ settled
 *      │                │  ▲  │              ▲  │
 *      │          retry │  │  │ park    drop │  │ redeliver: attempt 1 of a new replay
 *      │                ▼  │  ▼              │  ▼
 *      │            waiting  parked ─────────┘  waiting
 *      │                ▲      │
 *      │                └──────┘ release: attempt 1
 *      └── skipped: other types, untold, or before the start ──▶ settled
 * ```
 *
 * A consumer:
 *
 * ```
 *   present ── retire() ──▶ retired ── replacedBy(next) ──▶ replaced
 *                             └── its last commit failed: retire() again
 * ```
 *
 * Invariants:
 *
 * 1. The cursor stays before the lowest event that is in flight for the first time (`fresh`). It may pass an event with
 *    a record of its own: waiting, parked, in flight again, or suspect (decision 0005).
 * 2. An event is begun and noted as in flight before it is handed out, so that after a crash it is a suspect
 *    (decision 0006). If noting fails, the next pull hands it out.
 * 3. `collect` runs synchronously while a commit is built: the cursor, the records and the state of one ack are in one
 *    commit, or in none. A failed commit leaves them pending.
 * 4. Of all consumers of one name, one is present. A retired one hands out nothing and takes no results; one last commit
 *    makes durable what it knows. Only then is its successor read from the store (decision 0034), and hands out again
 *    what was in flight, with the state that it had.
 */
export class LogConsumer implements Consumer, WriteSource {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly #store: ConsumerStore
  readonly #pending: PendingWrites
  readonly #cursor: ConsumerCursor
  readonly #inFlight: InFlight
  readonly #parked: ParkedEvents
  readonly steering: Steering
  readonly #handOut: HandOut
  readonly #wake$ = new Subject<void>()
  readonly #changes$ = new Subject<void>()
  readonly changes$: Observable<void> = this.#changes$
  #waiting = 0 // The number of pulls that wait for events.
  #isStale = false // Something changed while a pull was reading, perhaps in a part that it had read already.
  #retired = false
  #next: LogConsumer | undefined

  constructor(store: ConsumerStore, stored: StoredConsumer, options: HandOutOptions) {
    this.#store = store
    this.name = stored.name
    this.origin = stored.origin
    this.#pending = new PendingWrites(store, options.transient === true)
    this.#cursor = new ConsumerCursor(this.#pending, stored)
    this.#parked = new ParkedEvents(this.#pending, stored.parked)
    this.#inFlight = new InFlight(this.#pending, stored, options.inOrder === true)
    this.steering = new Steering(store, this.#pending, this.#inFlight, this.#parked)
    const isPresent = (): boolean => !this.#retired
    this.#handOut = new HandOut({ store, inFlight: this.#inFlight, cursor: this.#cursor, options, isPresent })
    // A suspect that was on its first delivery has no retry record yet; it gets one to be handed out by.
    for (const seq of stored.suspects.keys()) {
      if (this.#inFlight.isWaiting(seq)) continue
      this.#inFlight.wait(seq, defined({ attempts: 0, at: store.clock.now(), replay: this.#cursor.replay(seq) }))
      this.#save(true)
    }
  }

  async hold(): Promise<Hold> {
    this.#checkPresent()
    return this.#store.held
  }

  get suspects(): number {
    return this.#inFlight.suspects
  }

  async pull(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    if (!(max >= 1))
      throw new TidingsError('TIDINGS_LOG_INVALID', `a pull is for at least one event, got ${describe(max)}`)
    while (!signal.aborted) {
      this.#checkPresent()
      if (this.#mayHandOut) {
        this.#isStale = false
        const handed = await this.#handOut.take(max, signal)
        this.#changes$.next()
        if (!this.#mayHandOut) {
          this.#handOut.hold(handed)
          continue
        }
        if (handed.length > 0 || signal.aborted) return handed
        this.passed()
        if (this.#isStale || this.#handOut.more) continue
      }
      await this.#waitForEvents(signal)
    }
    return []
  }

  async #waitForEvents(signal: AbortSignal): Promise<void> {
    // A closed store can't hand out anything, however long it is due.
    const due = this.#mayHandOut ? this.#inFlight.nextAt : undefined
    this.#handOut.rest()
    const due$ = due === undefined ? NEVER : at$(monotonic(this.#store.clock), due)
    this.#waiting += 1
    try {
      await firstValueFrom(merge(this.#store.changes$, this.#wake$, aborted$(signal), due$))
    } finally {
      this.#waiting -= 1
    }
  }

  /** Whether it hears events of this type. */
  hears(type: string): boolean {
    return this.#handOut.hears(type)
  }

  /** A commit has an event that it hears. Call before that commit is announced; other commits need no call. */
  committed(): void {
    this.#handOut.wake()
    if (this.#waiting > 0) this.#wake()
  }

  #wake(): void {
    this.#isStale = true
    this.#wake$.next()
  }

  /** Has the next commit store the cursor, if that is far behind. Call now and then: a consumer at rest does not notice. */
  passed(): void {
    if (this.#handOut.position - this.#cursor.cursor > MOST_PASSED) this.#save(false)
  }

  get #mayHandOut(): boolean {
    return this.#store.ready && !this.#retired
  }

  /** Whether another consumer replaces this one, or has done so. */
  get retired(): boolean {
    return this.#retired
  }

  /** The latest consumer that replaced this one, directly or in turn; undefined: none did, or none could be opened. */
  get next(): LogConsumer | undefined {
    // The link goes straight to the last, so that those in between can be collected.
    this.#next = this.#next?.next ?? this.#next
    return this.#next
  }

  /** The log closes cleanly: no event becomes a suspect, but suspects that have not had their turn remain so. */
  closing(): void {
    this.#inFlight.noteSuspects()
    this.#save(true)
  }

  /** Takes no more results, and makes those so far durable. If it fails, call again: the store knows less until then. */
  async retire(): Promise<void> {
    this.#retired = true
    this.#wake()
    await this.#handOut.noted()
    this.closing()
    await this.flush()
    this.#pending.close()
  }

  /** Another agent has this consumer now: it writes nothing more, and hands out nothing. */
  lost(): void {
    this.#retired = true
    this.#pending.close()
    this.#wake()
  }

  /** `next` has replaced this consumer. */
  replacedBy(next: LogConsumer): void {
    this.#next = next
    this.#inFlight.dismiss()
    this.#changes$.next()
  }

  #checkPresent(): void {
    if (!this.#retired) return
    const words = `consumer ${quote(this.name)} was opened again, and its events are handed out there`
    throw new TidingsError('TIDINGS_LOG_CLOSED', words)
  }

  ack(handed: Handed, writes: Writes = []): void {
    const checked = writes.length === 0 ? writes : writes.map(checkWrite)
    if (!this.#isHandled(handed)) return
    this.#pending.writeState(checked)
    this.#settle(handed.event.seq)
  }

  retry(handed: Handed, next: RetryPlan): void {
    const { seq } = handed.event
    const record = retryRecord(handed, next, monotonic(this.#store.clock).now())
    if (!this.#isHandled(handed)) return
    this.#inFlight.end(seq)
    this.#changed(seq)
    // A replay requested in the meantime takes precedence.
    if (!this.#inFlight.isWaiting(seq)) this.#inFlight.wait(seq, record, next.beyond)
    this.#wake()
  }

  park(handed: Handed, why: { readonly error: unknown }, writes: Writes = []): void {
    const { seq } = handed.event
    const error = errorInfo(why.error)
    const checked = writes.map(checkWrite)
    if (!this.#isHandled(handed)) return
    // A replay requested in the meantime takes precedence.
    if (!this.#inFlight.isRequested(seq)) {
      const { attempt: attempts, replay } = handed
      this.#pending.writeState(checked)
      this.#parked.park(seq, defined({ attempts, at: this.#store.clock.now(), error, replay }))
    }
    this.#settle(seq)
  }

  #isHandled({ event }: Handed): boolean {
    return !this.#retired && this.#inFlight.isRunning(event.seq)
  }

  #settle(seq: number): void {
    this.#inFlight.settle(seq)
    this.#changed(seq)
  }

  #changed(seq: number): void {
    this.#save(true)
    if (this.#changes$.observed) this.#changes$.next()
    if (this.#inFlight.isWaiting(seq)) this.#wake()
  }

  parked(after?: number): AsyncIterable<Parked> {
    return this.steering.parked(after)
  }

  retrying(after?: number): AsyncIterable<Retrying> {
    return this.steering.retrying(after)
  }

  async release(seq: number): Promise<boolean> {
    // Reads first: if that fails, the event stays parked.
    const record = this.#parked.has(seq) ? await this.#pending.read('parked', seq) : undefined
    this.#checkPresent()
    return record !== undefined && this.steering.release(seq, record) && this.#steered()
  }

  async drop(seq: number): Promise<boolean> {
    this.#checkPresent()
    return this.#parked.remove(seq) && this.#steered()
  }

  async redeliver(seqs: Iterable<number>, options: Parameters<Consumer['redeliver']>[1] = {}): Promise<void> {
    this.#checkPresent()
    this.steering.redeliver(seqs, () => this.#cursor.countReplay(), options)
    await this.#steered()
  }

  async #steered(): Promise<true> {
    this.#wake()
    this.#changes$.next()
    await this.flush()
    return true
  }

  async flush(): Promise<void> {
    this.#save(true)
    await this.#store.flush()
  }

  async lag(): Promise<Lag> {
    return {
      behind: Math.max(0, this.#store.durable - this.#handOut.position),
      running: this.#inFlight.running,
      retrying: this.#inFlight.waiting,
      parked: this.#parked.size,
    }
  }

  /** The seq up to which every event is settled, or has a record of its own. */
  get settledTo(): number {
    return (this.#inFlight.lowestFresh ?? this.#handOut.position + 1) - 1
  }

  /** Whether a pull is pending, or an event it handed out is being handled. */
  get isBusy(): boolean {
    return this.#handOut.isTaking || this.#waiting + this.#inFlight.running > 0
  }

  /** The lowest event whose body it still needs. What it settled last is in the commit that removes the body, or before. */
  get need(): HeldBy {
    const { fresh, again } = this.#inFlight
    const needs: [HeldBy['why'], Iterable<number>][] = [
      ['retry', this.#inFlight.waitingSeqs()],
      ['parked', this.#parked.seqs()],
      ['in flight', [...fresh, ...again]],
      ['cursor', [this.settledTo + 1]],
    ]
    const listener = this.name
    return lowestNeed(needs.flatMap(([why, seqs]) => Array.from(seqs, (seq) => ({ listener, seq, why })))) as HeldBy
  }

  collect(): PendingBatch {
    this.#cursor.settled(this.settledTo, this.#handOut.position, this.#inFlight.fresh)
    return this.#pending.collect()
  }

  settled(durable: boolean): void {
    this.#pending.settled(durable)
  }

  /** The store was reopened: repeats the writes that failed. */
  reopened(): void {
    this.#pending.reopened()
    // The store may hold events whose commit failed, and was never announced.
    this.#handOut.wake()
    this.#save(true)
  }

  #save(soon: boolean): void {
    this.#store.save(this, soon)
  }
}
