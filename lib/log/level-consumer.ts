import { firstValueFrom, merge, NEVER, type Observable, Subject } from 'rxjs'
import { abort$, at$, steady } from '../core/clock.ts'
import { errorInfo } from '../core/error-info.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import { Backlog, heard } from './level-backlog.ts'
import { Ahead } from './level-beyond.ts'
import type { Op, Rider } from './level-commit.ts'
import { Flight } from './level-flight.ts'
import { HandOut } from './level-hand-out.ts'
import { Ledger } from './level-ledger.ts'
import type { Life } from './level-life.ts'
import { type Need, openNeed } from './level-needs.ts'
import type { Opened } from './level-opened.ts'
import { ParkedEvents } from './level-parked.ts'
import { Place } from './level-place.ts'
import type { EventRecord } from './level-records.ts'
import { retryRecord } from './level-retries.ts'
import type { States } from './level-states.ts'
import { Steering } from './level-steering.ts'
import type { Consumer, ConsumerOptions, Handed, Lag, Parked, Retrying, Writes } from './port.ts'

/** A consumer of a log in LevelDB. Its memory is bounded: events rest on disk, here are only their seqs. */
export class LevelConsumer implements Consumer, Rider {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly #life: Life
  readonly #backlog: Backlog
  readonly #flight: Flight
  readonly #handOut: HandOut
  readonly #parked: ParkedEvents
  readonly #ledger: Ledger
  readonly #steering: Steering
  readonly #ahead: Ahead
  readonly #wake$ = new Subject<void>()
  readonly #changes$ = new Subject<void>()
  readonly #place: Place
  #retired = false

  constructor(life: Life, opened: Opened, options: ConsumerOptions) {
    this.#life = life
    this.name = opened.name
    this.origin = opened.origin
    this.#ledger = new Ledger(life, options.transient === true)
    this.#place = new Place(this.name, this.#ledger, opened.cursor)
    this.#parked = new ParkedEvents(this.name, this.#ledger, opened.parked)
    this.#flight = new Flight(this.name, this.#ledger, opened, options.inOrder === true)
    this.#steering = new Steering(life, this.#flight, this.#parked)
    this.#ahead = new Ahead(opened)
    const hears = heard(options)
    const wanted = (record: EventRecord): boolean =>
      hears(record) && this.#ahead.isNew(record.event.seq) && !this.#flight.isWaiting(record.event.seq)
    this.#backlog = new Backlog(opened.cursor.cursor, wanted)
    this.#handOut = new HandOut({
      life,
      flight: this.#flight,
      backlog: this.#backlog,
      steering: this.#steering,
      place: this.#place,
      ahead: () => this.#ahead.recorded,
      noted: options.transient !== true,
      inOrder: options.inOrder === true,
    })
    for (const seq of opened.suspects.keys()) this.#suspect(seq)
  }

  // One that was handed out for the first time gets a record, which says that it is no stranger.
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
      if (this.#life.ready) {
        const handed = await this.#handOut.take(max, signal)
        if (this.#retired) continue
        this.#changes$.next()
        if (handed.length > 0 || signal.aborted) return handed
        // Passing over what it does not hear is no hurry: that can ride with any commit.
        this.#ride(false)
        if (this.#life.ready && this.#handOut.more) continue
      }
      // While the store is closed nothing can be handed out, however long it is due.
      const due = this.#life.ready ? this.#flight.nextAt : undefined
      const due$ = due === undefined ? NEVER : at$(steady(this.#life.clock), due)
      await firstValueFrom(merge(this.#life.changes$, this.#wake$, abort$(signal), due$))
    }
    return []
  }

  /** The log is closed in good order: nobody is suspected of anything, but those who were and did not get their turn. */
  closing(): void {
    this.#flight.noteSuspects()
    this.#ride(true)
  }

  /** Somebody else takes its place: it hands out nothing more, and what was handed out is settled there. */
  async retire(): Promise<void> {
    this.#retired = true
    this.#wake$.next()
    this.closing()
    await this.flush()
    this.#flight.dismiss()
    this.#changes$.next()
  }

  ack(handed: Handed, writes: Writes = []): void {
    if (!this.#flight.isRunning(handed.event.seq)) return
    this.#ledger.writeState(writes)
    this.#settle(handed.event.seq)
  }

  retry(handed: Handed, next: { readonly at: number; readonly error?: unknown }): void {
    const { seq } = handed.event
    const record = retryRecord(handed, next)
    if (!this.#flight.isRunning(seq)) return
    this.#end(seq)
    // A replay that somebody asked for meanwhile takes its place.
    if (!this.#flight.isWaiting(seq)) this.#flight.wait(seq, record)
  }

  park(handed: Handed, why: { readonly error: unknown }): void {
    const { seq } = handed.event
    if (!this.#flight.isRunning(seq)) return
    if (this.#flight.isAsked(seq)) return this.#end(seq)
    this.#parked.park(seq, {
      attempts: handed.attempt,
      at: this.#life.clock.now(),
      error: errorInfo(why.error),
      ...(handed.replay === undefined ? {} : { replay: handed.replay }),
    })
    this.#settle(seq)
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
    this.#wake$.next()
    this.#changes$.next()
    await this.flush()
    return true
  }

  async flush(): Promise<void> {
    this.#ride(true)
    await this.#life.session.writer.flush()
  }

  async lag(): Promise<Lag> {
    return {
      behind: Math.max(0, this.#life.durable - this.#backlog.position),
      running: this.#flight.running,
      retrying: this.#flight.waiting,
      parked: this.#parked.size,
    }
  }

  /** Everything up to here is settled, or remembered by a record of its own. */
  get settledTo(): number {
    const first = this.#flight.lowestFresh
    return first === undefined ? this.#backlog.position : first - 1
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

  /** The store was opened again: what it did not take is said anew. */
  reopened(states: States): void {
    this.#ledger.reopened(states)
    this.#ride(true)
  }

  // While the store is closed after a failed write nothing can ride; `reopened` says it again.
  #ride(hurry: boolean): void {
    if (this.#life.ready) this.#life.session.writer.ride(this, hurry)
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
    if (this.#flight.isWaiting(seq)) this.#wake$.next()
  }
}
