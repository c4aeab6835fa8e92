import { firstValueFrom, merge, NEVER, type Observable, Subject } from 'rxjs'
import { aborted$, at$, monotonic } from '../../core/clock.ts'
import { errorInfo } from '../../core/error-info.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { Consumer, ConsumerOptions, Handed, Lag, Parked, Retrying, Writes } from '../../log/port.ts'
import { typeTest } from '../../log/query.ts'
import type { EventRecord } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { CommitParticipant, Op } from '../write/commit.ts'
import { checkedWrites, type States } from '../write/states.ts'
import { Backlog, heard } from './backlog.ts'
import { ConsumerCursor } from './cursor.ts'
import { CursorGaps } from './cursor-gaps.ts'
import { HandOut } from './hand-out.ts'
import { InFlight } from './in-flight.ts'
import { ParkedEvents } from './parked.ts'
import { PendingWrites } from './pending-writes.ts'
import { type Need, openNeed } from './retention-floor.ts'
import { retryRecord } from './retries.ts'
import { Steering } from './steering.ts'
import type { StoredConsumer } from './stored-consumer.ts'

/** Number of skipped events after which the cursor is stored; a crash makes the consumer scan them again. */
const MOST_PASSED = 1024

/**
 * A consumer of a log in LevelDB. Its memory is bounded: events stay on disk, and only their seqs are in memory.
 *
 * Of all consumers of one name, only one hands out events and takes their results. Another replaces it once it has
 * retired: a retired consumer takes no more results, and one last commit makes its knowledge durable. Deliveries that
 * are still running count as in flight, so the next consumer hands them out again, with the state they had.
 */
export class LevelConsumer implements Consumer, CommitParticipant {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly #life: ReopeningStore
  readonly #backlog: Backlog
  readonly #flight: InFlight
  readonly #handOut: HandOut
  readonly #parked: ParkedEvents
  readonly #ledger: PendingWrites
  readonly #steering: Steering
  readonly #ahead: CursorGaps
  readonly #wake$ = new Subject<void>()
  readonly #changes$ = new Subject<void>()
  readonly #place: ConsumerCursor
  readonly #hears: (type: string) => boolean
  // Number of pulls that look for events (`#waiting`: that wait for some).
  #looking = 0
  // Something changed while a pull was looking, perhaps in a part that it had read already.
  #isStale = false
  #waiting = 0
  #retired = false
  // The consumer that replaced this one; undefined: none did, or none could be opened.
  #next: LevelConsumer | undefined

  constructor(life: ReopeningStore, opened: StoredConsumer, options: ConsumerOptions) {
    this.#life = life
    this.name = opened.name
    this.origin = opened.origin
    this.#ledger = new PendingWrites(life, options.transient === true)
    this.#place = new ConsumerCursor(this.name, this.#ledger, opened.cursor)
    this.#parked = new ParkedEvents(this.name, this.#ledger, opened.parked)
    this.#flight = new InFlight(this.name, this.#ledger, opened, options.inOrder === true)
    this.#steering = new Steering(life, this.#flight, this.#parked)
    this.#ahead = new CursorGaps(opened)
    const hears = heard(options)
    this.#hears = typeTest(options.types)
    const wanted = (record: EventRecord): boolean =>
      hears(record) &&
      this.#place.hasBegun(record.event.created) &&
      this.#ahead.isNew(record.event.seq) &&
      !this.#flight.isWaiting(record.event.seq)
    this.#backlog = new Backlog(opened.cursor.cursor, wanted)
    this.#handOut = new HandOut({
      life,
      flight: this.#flight,
      backlog: this.#backlog,
      steering: this.#steering,
      place: this.#place,
      ahead: () => this.#ahead.recorded,
      present: () => !this.#retired,
      noted: options.transient !== true,
      inOrder: options.inOrder === true,
    })
    for (const seq of opened.suspects.keys()) this.#suspect(seq)
  }

  // A suspect that was on its first delivery has no retry record yet; it gets one to be handed out by.
  #suspect(seq: number): void {
    if (this.#flight.isWaiting(seq)) return
    const replay = this.#place.replay(seq)
    this.#flight.wait(seq, { attempts: 0, at: this.#life.clock.now(), ...(replay === undefined ? {} : { replay }) })
    this.#ride(true)
  }

  get suspects(): number {
    return this.#flight.suspects
  }

  get changes$(): Observable<void> {
    return this.#changes$
  }

  async pull(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    if (!(max >= 1))
      throw new TidingsError('TIDINGS_LOG_INVALID', `a pull is for at least one event, got ${describe(max)}`)
    while (!signal.aborted) {
      if (this.#retired)
        throw new TidingsError('TIDINGS_LOG_CLOSED', `consumer ${quote(this.name)} was opened again, and goes on there`)
      if (this.#mayHandOut) {
        this.#isStale = false
        const handed = await this.#look(max, signal)
        this.#changes$.next()
        if (!this.#mayHandOut) {
          this.#handOut.hold(handed)
          continue
        }
        if (handed.length > 0 || signal.aborted) return handed
        this.#passed()
        if (this.#isStale || this.#handOut.more) continue
      }
      // A closed store can't hand out anything, however long it is due.
      const due = this.#mayHandOut ? this.#flight.nextAt : undefined
      const due$ = due === undefined ? NEVER : at$(monotonic(this.#life.clock), due)
      this.#waiting += 1
      await firstValueFrom(merge(this.#life.changes$, this.#wake$, aborted$(signal), due$)).finally(() => {
        this.#waiting -= 1
      })
    }
    return []
  }

  async #look(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    this.#looking += 1
    try {
      return await this.#handOut.take(max, signal)
    } finally {
      this.#looking -= 1
    }
  }

  /** A commit made events `before` + 1 to `last` durable; `types`: of the told ones. Wakes it if it hears one. */
  committed(types: Iterable<string>, before: number, last: number): void {
    // The next pull looks by itself.
    if (this.#waiting === 0) return
    const isPassed = this.#looking === 0 && this.#backlog.position === before && !this.#hearsOne(types)
    if (!isPassed) return this.#wake()
    if (last === before) return
    this.#backlog.pass(last)
    this.#changes$.next()
    this.#passed()
  }

  #wake(): void {
    this.#isStale = true
    this.#wake$.next()
  }

  #hearsOne(types: Iterable<string>): boolean {
    for (const type of types) if (this.#hears(type)) return true
    return false
  }

  // Not urgent: the cursor over skipped events can ride with any commit, but need not ride with each.
  #passed(): void {
    if (this.#backlog.position - this.#place.cursor > MOST_PASSED) this.#ride(false)
  }

  get #mayHandOut(): boolean {
    return this.#life.ready && !this.#retired
  }

  /** Whether another consumer replaces this one, or has done so. */
  get retired(): boolean {
    return this.#retired
  }

  /** The latest consumer that replaced this one, directly or in turn; undefined: none. */
  get next(): LevelConsumer | undefined {
    // Links straight to the last, so that those in between can be collected.
    this.#next = this.#next?.next ?? this.#next
    return this.#next
  }

  /** The log closes cleanly: no event becomes a suspect, but suspects that have not had their turn remain so. */
  closing(): void {
    this.#flight.noteSuspects()
    this.#ride(true)
  }

  /**
   * Takes no more results, and makes those so far durable. If that fails, call again: until it succeeds, the store
   * knows less than this consumer.
   */
  async retire(): Promise<void> {
    this.#retired = true
    this.#wake()
    await this.#handOut.quiet()
    this.closing()
    await this.flush()
    this.#ledger.close()
  }

  /** `next` has replaced this consumer. */
  replacedBy(next: LevelConsumer): void {
    this.#next = next
    this.#flight.dismiss()
    this.#changes$.next()
  }

  ack(handed: Handed, writes: Writes = []): void {
    const checked = writes.length === 0 ? writes : checkedWrites(writes)
    if (!this.#isHandled(handed)) return
    this.#ledger.writeState(checked)
    this.#settle(handed.event.seq)
  }

  retry(handed: Handed, next: { readonly at: number; readonly error?: unknown }): void {
    const { seq } = handed.event
    const record = retryRecord(handed, next, monotonic(this.#life.clock).now())
    if (!this.#isHandled(handed)) return
    this.#end(seq)
    // A replay requested in the meantime takes precedence.
    if (!this.#flight.isWaiting(seq)) this.#flight.wait(seq, record)
    this.#wake()
  }

  park(handed: Handed, why: { readonly error: unknown }, writes: Writes = []): void {
    const { seq } = handed.event
    const error = errorInfo(why.error)
    const checked = writes.length === 0 ? writes : checkedWrites(writes)
    if (!this.#isHandled(handed)) return
    if (this.#flight.isAsked(seq)) return this.#end(seq)
    this.#ledger.writeState(checked)
    this.#parked.park(seq, {
      attempts: handed.attempt,
      at: this.#life.clock.now(),
      error,
      ...(handed.replay === undefined ? {} : { replay: handed.replay }),
    })
    this.#settle(seq)
  }

  #isHandled({ event }: Handed): boolean {
    return !this.#retired && this.#flight.isRunning(event.seq)
  }

  parked(): AsyncIterable<Parked> {
    return this.#steering.parked()
  }

  retrying(): AsyncIterable<Retrying> {
    return this.#steering.retrying()
  }

  async release(seq: number): Promise<boolean> {
    return this.#steering.release(seq) && this.#steered()
  }

  async drop(seq: number): Promise<boolean> {
    return this.#steering.drop(seq) && this.#steered()
  }

  async redeliver(seqs: Iterable<number>, options: { readonly at?: number } = {}): Promise<void> {
    this.#steering.redeliver(seqs, () => this.#place.askAgain(), options.at)
    await this.#steered()
  }

  async #steered(): Promise<true> {
    this.#wake()
    this.#changes$.next()
    await this.flush()
    return true
  }

  async flush(): Promise<void> {
    this.#ride(true)
    const { writer } = this.#life.writable ?? this.#life.session
    await writer.flush()
  }

  async lag(): Promise<Lag> {
    return {
      behind: Math.max(0, this.#life.durable - this.#backlog.position),
      running: this.#flight.running,
      retrying: this.#flight.waiting,
      parked: this.#parked.size,
    }
  }

  /** The seq up to which every event is settled, or has a record of its own. */
  get settledTo(): number {
    const first = this.#flight.lowestFresh
    return first === undefined ? this.#backlog.position : first - 1
  }

  /** Whether a pull is pending, or an event it handed out is being handled. */
  get isBusy(): boolean {
    return this.#looking + this.#waiting + this.#flight.running > 0
  }

  /** The lowest event whose body it still needs. */
  get need(): Need {
    return openNeed(this.name, this.settledTo, this.#flight, this.#parked)
  }

  collect(): readonly Op[] {
    const { settledTo } = this
    this.#place.settled(settledTo, this.#ahead.beyond(settledTo, this.#backlog.position, this.#flight.fresh))
    return this.#ledger.collect()
  }

  settled(durable: boolean): void {
    this.#ledger.settled(durable)
  }

  /** The store was reopened: repeats the writes that failed. */
  reopened(states: States): void {
    this.#ledger.reopened(states)
    this.#ride(true)
  }

  // While the store is closed after a failed write nothing can ride; `reopened` repeats it.
  #ride(hurry: boolean): void {
    this.#life.writable?.writer.enlist(this, hurry)
  }

  #settle(seq: number): void {
    this.#flight.settle(seq)
    this.#changed(seq)
  }

  #end(seq: number): void {
    this.#flight.end(seq)
    this.#changed(seq)
  }

  #changed(seq: number): void {
    this.#ride(true)
    this.#changes$.next()
    if (this.#flight.isWaiting(seq)) this.#wake()
  }
}
