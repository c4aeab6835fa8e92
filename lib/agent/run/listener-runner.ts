import { merge, type Observable, Subject } from 'rxjs'
import { type Clock, monotonic } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { Places } from '../../dispatch/places.ts'
import type { Listener } from '../../listener/listener.ts'
import { lagOf } from '../../log/consumer/sharded-consumer.ts'
import type { Consumer, Lag, Start } from '../../log/port.ts'
import type { ListenerControl } from './agent-control.ts'
import type { ListenerHealth } from './health.ts'
import { ListenerConsumer } from './listener-consumer.ts'
import { ListenerProgress, oldestEvents } from './listener-progress.ts'
import type { ListenerMeter } from './part-meters.ts'
import { type ListenerRunnerHost, Pumping, type PumpingHost, type PumpSource } from './pumping.ts'
import { type DeliveryRow, RecentDeliveries } from './recent-deliveries.ts'
import { forgetMemory } from './rename-listener.ts'
import type { ListenerStatus } from './status.ts'

/**
 * A running listener: it receives events until it is paused or stopped, and can be moved and renamed meanwhile.
 *
 * A pump moves the events from the consumer to the handler. The runner supervises it (decision 0037):
 *
 * ```
 *             begin                       pause · move · rename
 *   resting ─────────→ opening ⇄ pumping ──────────────────────→ settling ───→ resting
 *                        ↑          │                            running deliveries end;
 *                        │          │ any failure                then it is moved or renamed,
 *    100 ms … 10 s later │          ↓                            and begins unless it is paused
 *                        └─────── failed
 *                                   │ the log is closed · another agent took the consumer over · the log refuses it
 *                                   ↓
 *                                 ended
 * ```
 *
 * - One pump at a time, or one for each shard that this agent holds (decision 0080). The next begins when the deliveries of the last have ended: their outcomes belong to the consumer
 *   that handed the events out.
 * - A consumer is used again only if nothing is left in it. After a failure, and after a pause, it may hold events that
 *   were taken but not begun: it is discarded, and the next one hands them out again.
 * - Steering (pause, move, rename, and whatever operations do with the consumer) happens one at a time, in the order of
 *   the calls. A move or rename is checked first: one that must fail stops nothing.
 * - A failed listener is in `health()` until its consumer is open again. It never ends the agent or another listener.
 */
export class ListenerRunner implements ListenerControl {
  readonly #host: ListenerRunnerHost
  readonly #clock: Clock
  readonly #consumer: ListenerConsumer
  readonly #progress: ListenerProgress
  readonly #deliveries: RecentDeliveries
  readonly #paused$ = new Subject<void>()
  /** One, or one for each shard. */
  readonly #pumpings: readonly Pumping[]
  #paused: boolean
  #stopped = false
  #meter: { readonly name: string; readonly counts: ListenerMeter } | undefined
  #steering: Promise<unknown> = Promise.resolve()
  #lag: Lag = { behind: 0, running: 0, retrying: 0, parked: 0 }

  /** Opens a listener on the log. `paused`: the names of the listeners that stay paused until they are resumed. */
  static async open(
    listener: Listener,
    paused: ReadonlyMap<string, unknown>,
    host: ListenerRunnerHost,
  ): Promise<ListenerRunner> {
    const consumer = await ListenerConsumer.open(listener, host.log, host.environment.logger)
    const isPaused = consumer.refusal === undefined && paused.has(consumer.foundAs)
    return new ListenerRunner(consumer, isPaused, host)
  }

  private constructor(consumer: ListenerConsumer, paused: boolean, host: ListenerRunnerHost) {
    this.#consumer = consumer
    this.#paused = paused
    this.#host = host
    this.#clock = monotonic(host.clock)
    this.#progress = new ListenerProgress(this.#clock)
    this.#deliveries = new RecentDeliveries(host.scrub)
    const pumping = this.#pumpingHost()
    this.#pumpings = this.#sources().map((source) => new Pumping(source, pumping))
  }

  #sources(): readonly PumpSource[] {
    const consumer = this.#consumer
    const { shards } = consumer.current
    return shards === undefined ? [consumer] : shards.map((_, i) => consumer.shard(i))
  }

  #pumpingHost(): PumpingHost {
    return {
      ...this.#host,
      places: new Places(this.listener.settings.concurrency),
      events: {
        began: (now) => this.#progress.began(now),
        ended: (delivery) => {
          this.#progress.ended(delivery.outcome, delivery.ended)
          this.#deliveries.add(delivery)
          this.#metered().ended(delivery)
        },
      },
      isStopped: () => this.#stopped,
      changed: () => this.#paused$.next(),
    }
  }

  // Looked up once for each name: a listener may be renamed.
  #metered(): ListenerMeter {
    const { name } = this
    if (this.#meter?.name !== name) this.#meter = { name, counts: this.#host.meters.listener(name) }
    return this.#meter.counts
  }

  get name(): string {
    return this.listener.name
  }

  /** The listener, under its present name. */
  get listener(): Listener {
    return this.#consumer.listener
  }

  get types(): readonly string[] | undefined {
    return this.listener.source.types
  }

  /** Emits whenever `status()` may have changed. */
  get changes$(): Observable<void> {
    return merge(this.#consumer.changes$, this.#paused$)
  }

  /** The deliveries in progress, and for how long, in ms; undefined: none. */
  get ongoing(): { readonly deliveries: number; readonly ms: number } | undefined {
    const running = this.#pumpings.flatMap((each) => each.running ?? [])
    const since = running.flatMap((each) => each.since ?? [])
    if (since.length === 0) return undefined
    return { deliveries: running.reduce((sum, { size }) => sum + size, 0), ms: this.#clock.now() - Math.min(...since) }
  }

  /** Whether it is paused, and stays so until it is resumed. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether other agents handle the listener, and this one has nothing of it. False until that is known. */
  get standby(): boolean {
    return this.#pumpings.every(({ standby }) => standby)
  }

  /** Whether this agent handles the listener, or a shard of it. */
  get holds(): boolean {
    return this.#pumpings.some(({ holds }) => holds)
  }

  /** The numbers of the shards that this agent handles; undefined: the listener is not shared. */
  get shards(): readonly number[] | undefined {
    if (this.#consumer.current.shards === undefined) return undefined
    return this.#pumpings.flatMap(({ holds }, i) => (holds ? [i] : []))
  }

  /**
   * Begins to deliver events. Once `turn` has resolved, it first tries the events that were in flight when the process
   * died; the rest follows once `all` has resolved. Resolves when those events were tried, or could not be.
   */
  begin(turn: Promise<void> = Promise.resolve(), all: Promise<void> = Promise.resolve()): Promise<void> {
    this.#progress.restart()
    for (const each of this.#pumpings) if (!each.isOngoing) turn = each.begin(turn, all)
    return turn
  }

  /** Starts no more deliveries, permanently. */
  stop(): void {
    this.#stopped = true
    this.#consumer.close()
    for (const each of this.#pumpings) each.stop()
  }

  /** Resolves when all steering so far is done. */
  async steered(): Promise<void> {
    await this.#steering
  }

  /** Pauses or resumes: while paused no delivery starts; running deliveries may finish. */
  pause(paused: boolean): void {
    this.#paused = paused
    this.#paused$.next()
    if (paused) for (const each of this.#pumpings) each.stop()
    void this.#inTurn(async () => {
      if (this.#pumpings.some(({ isEnding }) => isEnding)) await this.#rest()
      // A consumer that is opened again counts events that were taken but not begun as behind. If the log fails,
      // resuming retries this.
      await this.#consumer.ready().catch(() => undefined)
    })
  }

  /** Runs `steer` on the listener's consumer, or a shard, after all earlier steering. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>, shard?: number): Promise<T> {
    return this.#inTurn(async () => {
      return steer(await (shard === undefined ? this.#consumer.ready() : this.#consumer.shard(shard).ready()))
    })
  }

  move(start: Start, forgets: boolean, shard?: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#consumer.checkMove()
      await this.#rest(shard)
      // The filters of a shared listener remember nothing.
      if (forgets && shard === undefined) await forgetMemory(this.#host.log, await this.#consumer.ready())
      await this.#consumer.move(start, shard)
    })
  }

  rename(name: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#consumer.checkRename(name)
      await this.#rest()
      await this.#consumer.rename(name)
    })
  }

  // Steers after all earlier steering. Restarts the pump if the steering has stopped it.
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#steering.then(async () => {
      try {
        return await act()
      } finally {
        if (!this.#paused && !this.#stopped && this.#pumpings.some(({ isOngoing }) => !isOngoing)) void this.begin()
      }
    })
    this.#steering = done.catch(() => undefined)
    return done
  }

  // Stops the pump, or that of a shard, and waits for the running deliveries.
  async #rest(shard?: number): Promise<void> {
    await Promise.all(this.#pumpings.filter((_, i) => i === (shard ?? i)).map((each) => each.rest()))
  }

  /** The status. While the log is unreadable, it has the last known lag. */
  async status(): Promise<ListenerStatus> {
    const marks = defined({ paused: this.#paused || undefined, standby: this.standby || undefined })
    return { name: this.listener.name, ...marks, ...(await this.#currentLag()) }
  }

  /** Its newest deliveries, newest first; with `seq`, only those of this event. */
  deliveries(limit?: number, seq?: number): readonly DeliveryRow[] {
    return this.#deliveries.rows(limit, seq)
  }

  /** How many events it handles a minute, over the last minutes. */
  get rate(): number {
    return this.#deliveries.rate(this.#clock.now())
  }

  /**
   * Whether nothing is to be handled now, or it is paused, refused, stands by or has ended. Retries and those behind do not
   * count.
   */
  async isIdle(): Promise<boolean> {
    if (this.#paused || this.standby || this.#consumer.refusal !== undefined) return true
    if (this.#pumpings.every(({ hasEnded }) => hasEnded)) return true
    const held = this.#pumpings.reduce((sum, each) => sum + each.held, 0)
    const { behind, running } = await this.#currentLag()
    return running <= held && (behind === 0 || (await this.#consumer.isHeldBack()))
  }

  async #currentLag(): Promise<Lag> {
    this.#lag = await this.#ownLag().catch(() => this.#lag)
    return this.#lag
  }

  // Of a shared listener: of the shards that this agent handles, or is about to.
  async #ownLag(): Promise<Lag> {
    const own = this.#pumpings.filter(({ standby }) => !standby)
    if (own.length === 0) return this.#consumer.current.lag()
    return lagOf(await Promise.all(own.map((each) => each.source.current.lag())))
  }

  /** Health of the listener. `cursor`: the seq up to which all is settled; undefined while the log is unreadable. */
  async health(cursor: number | undefined): Promise<ListenerHealth> {
    const { log, scrub } = this.#host
    const { types } = this.listener.source
    const status = await this.status()
    const { waiting, next } = await oldestEvents(log, this.#consumer.current, status, types, cursor)
    const failure = this.#pumpings.find((each) => each.failure !== undefined)?.failure
    const all = [waiting, next].filter((created) => created !== undefined)
    // A failed log delivers no events, and reports itself as a problem.
    const isStuck =
      !this.#paused && !this.standby && log.state === 'ready' && this.#progress.isStuck(this.listener, status, next)
    return {
      ...status,
      ...(all.length === 0 ? {} : { oldest: new Date(Math.min(...all)).toISOString() }),
      ...(isStuck ? { stuck: true } : {}),
      ...(failure === undefined ? {} : { failure: scrub(failure.message) }),
      ...(this.#consumer.refusal === undefined ? {} : { refused: true as const }),
    }
  }
}
