import { merge, type Observable, Subject } from 'rxjs'
import { type Clock, monotonic, pause } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import { asError, hasCode } from '../../core/errors.ts'
import { retryPause } from '../../core/keep-trying.ts'
import { MINUTE } from '../../core/time-units.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import { Pump, type PumpHost } from '../../dispatch/pump.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, Handed, Lag, Log, Start, Writes } from '../../log/port.ts'
import type { ListenerControl } from './agent-control.ts'
import type { ListenerHealth } from './health.ts'
import { workWhileHeld } from './held-work.ts'
import { ListenerConsumer } from './listener-consumer.ts'
import { ListenerProgress, oldestEvents } from './listener-progress.ts'
import type { PartMeters } from './part-meters.ts'
import { type DeliveryRow, RecentDeliveries } from './recent-deliveries.ts'
import { forgetMemory } from './rename-listener.ts'
import type { ListenerStatus } from './status.ts'

/** What a running listener needs from its agent. */
export interface ListenerRunnerHost extends Omit<PumpHost, 'stop' | 'began' | 'ended' | 'parking' | 'parked'> {
  readonly log: Log
  /** Counts its deliveries. */
  readonly meters: Pick<PartMeters, 'listener'>
  /** Returns the writes that go into the commit that parks an event; `calls`: those of its handler. */
  parking(listener: string, handed: Handed, error: ErrorInfo, calls: readonly HandlerCall[]): Writes
  /** Called once an event was parked. `flush` resolves when that is durable. */
  parked(listener: string, flush: () => Promise<void>): void
  /** Awaits the work, also while the agent stops; logs a failure and resolves to it. */
  track(work: Promise<unknown>, fields: object): Promise<Error | undefined>
}

/** What is done with each pump. `waits` is called when another agent handles the events. */
interface Turn {
  run(pump: Pump): Promise<void>
  waits(): void
}

/** A listener that worked for longer than this, in ms, restarts after the shortest pause. */
const WORKED = MINUTE

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
 * - One pump at a time. The next begins when the deliveries of the last have ended: their outcomes belong to the consumer
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
  #paused: boolean
  #stopped = false
  #pump: Pump | undefined
  #pumping: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #steering: Promise<unknown> = Promise.resolve()
  #failure: Error | undefined
  /** Whether another agent handles the listener, and whether this one does: neither, until that is known. */
  standby = false
  holds = false
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
  get ongoing(): ListenerProgress['ongoing'] {
    return this.#progress.ongoing
  }

  /** Whether it is paused, and stays so until it is resumed. */
  get paused(): boolean {
    return this.#paused
  }

  /**
   * Begins to deliver events. Once `turn` has resolved, it first tries the events that were in flight when the process
   * died; the rest follows once `all` has resolved. Resolves when those events were tried, or could not be.
   */
  begin(turn: Promise<void> = Promise.resolve(), all: Promise<void> = Promise.resolve()): Promise<void> {
    const stop = new AbortController()
    let tried: () => void = () => undefined
    const suspects = new Promise<void>((resolve) => (tried = resolve))
    const run = async (pump: Pump): Promise<void> => {
      await turn
      // A listener that fails here releases the others: they do not wait for its recovery.
      await pump.clearSuspects().finally(tried)
      await all
      await pump.run()
    }
    // Nor for another agent, which handles a listener now.
    const pumped = this.#supervise(stop.signal, { run, waits: tried })
    this.#progress.restart()
    const ended = this.#host.track(pumped.finally(tried), { listener: this.listener.name }).then((failure) => {
      if (failure !== undefined) this.#failure = failure
    })
    this.#pumping = { stop, ended }
    return suspects
  }

  async #supervise(stop: AbortSignal, turn: Turn): Promise<void> {
    const { clock, environment } = this.#host
    for (let failures = 1; ; failures++) {
      const began = this.#clock.now()
      try {
        const consumer = await this.#consumer.ready()
        this.#failure = undefined
        await this.#handle(consumer, stop, turn)
        return
      } catch (thrown) {
        this.#consumer.discard()
        const err = asError(thrown)
        // The log is closed, or another agent on this log took the consumer over: the listener continues there.
        if (hasCode(err, 'TIDINGS_LOG_CLOSED') || err === this.#consumer.refusal) throw err
        if (this.#clock.now() - began > WORKED) failures = 1
        const wait = retryPause(failures)
        const fields = { listener: this.listener.name, err }
        // The listener was stopping anyway: reopening its consumer writes what could not be written now.
        if (stop.aborted) return environment.logger.warn(fields, 'listener failed as it stopped')
        this.#failure = err
        environment.logger.error({ ...fields, wait }, 'listener failed, restarting')
        await pause(clock, wait, stop)
        if (stop.aborted) return
      }
    }
  }

  #handle(consumer: Consumer, stop: AbortSignal, { run, waits }: Turn): Promise<void> {
    const { log, abort, environment } = this.#host
    return workWhileHeld({
      log,
      stop,
      abort,
      take: (signal) => consumer.hold(signal),
      standsBy: (isStandby) => {
        const words = isStandby ? 'another agent handles it: standing by' : 'this agent handles it now'
        if (isStandby !== this.standby) environment.logger.info({ listener: this.name }, words)
        this.standby = isStandby
        this.holds = !isStandby
        this.#paused$.next()
        if (isStandby) waits()
      },
      work: (under) => this.#runPump(consumer, { ...this.#host, ...under }, run),
      isFree: () => this.#stopped,
    })
  }

  async #runPump(
    consumer: Consumer,
    host: ListenerRunnerHost & Pick<PumpHost, 'stop'>,
    run: Turn['run'],
  ): Promise<void> {
    const { listener } = this
    const meter = this.#host.meters.listener(listener.name)
    const pump = new Pump(listener, consumer, {
      ...host,
      began: (now) => this.#progress.began(now),
      ended: (delivery) => {
        this.#progress.ended(delivery.outcome, delivery.began, delivery.ended)
        this.#deliveries.add(delivery)
        meter.ended(delivery)
      },
      parking: (...parking) => this.#host.parking(listener.name, ...parking),
      parked: () => this.#host.parked(listener.name, () => consumer.flush()),
    })
    this.#pump = pump
    try {
      await run(pump)
    } finally {
      this.#pump = undefined
      pump.end()
    }
  }

  /** Starts no more deliveries, permanently. */
  stop(): void {
    this.#stopped = true
    this.#consumer.close()
    this.#pumping?.stop.abort()
  }

  /** Resolves when all steering so far is done. */
  async steered(): Promise<void> {
    await this.#steering
  }

  /** Pauses or resumes: while paused no delivery starts; running deliveries may finish. */
  pause(paused: boolean): void {
    this.#paused = paused
    this.#paused$.next()
    if (paused) this.#pumping?.stop.abort()
    void this.#inTurn(async () => {
      if (this.#pumping?.stop.signal.aborted) await this.#rest()
      // A consumer that is opened again counts events that were taken but not begun as behind. If the log fails,
      // resuming retries this.
      await this.#consumer.ready().catch(() => undefined)
    })
  }

  /** Runs `steer` on the listener's consumer, after all earlier steering. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => steer(await this.#consumer.ready()))
  }

  move(start: Start, forgets: boolean): Promise<void> {
    return this.#inTurn(async () => {
      await this.#consumer.checkMove()
      await this.#rest()
      if (forgets) await forgetMemory(this.#host.log, await this.#consumer.ready())
      await this.#consumer.move(start)
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
        if (!this.#paused && !this.#stopped && this.#pumping === undefined) void this.begin()
      }
    })
    this.#steering = done.catch(() => undefined)
    return done
  }

  // Stops the pump, and waits for the running deliveries.
  async #rest(): Promise<void> {
    this.#pumping?.stop.abort()
    await this.#pumping?.ended
    this.#pumping = undefined
    this.#consumer.discard()
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

  /** Whether nothing is to be handled now, or it is paused, refused or stands by. Retries and those behind do not count. */
  async isIdle(): Promise<boolean> {
    if (this.#paused || this.standby || this.#consumer.refusal !== undefined) return true
    const held = this.#pump?.held ?? 0
    const { behind, running } = await this.#currentLag()
    return running <= held && (behind === 0 || (await this.#consumer.isHeldBack()))
  }

  async #currentLag(): Promise<Lag> {
    this.#lag = await this.#consumer.current.lag().catch(() => this.#lag)
    return this.#lag
  }

  /** Health of the listener. `cursor`: the seq up to which all is settled; undefined while the log is unreadable. */
  async health(cursor: number | undefined): Promise<ListenerHealth> {
    const { log, scrub } = this.#host
    const { types } = this.listener.source
    const status = await this.status()
    const { waiting, next } = await oldestEvents(log, this.#consumer.current, types, cursor)
    const all = [waiting, next].filter((created) => created !== undefined)
    // A failed log delivers no events, and reports itself as a problem.
    const isStuck =
      !this.#paused && !this.standby && log.state === 'ready' && this.#progress.isStuck(this.listener, status, next)
    return {
      ...status,
      ...(all.length === 0 ? {} : { oldest: new Date(Math.min(...all)).toISOString() }),
      ...(isStuck ? { stuck: true } : {}),
      ...(this.#failure === undefined ? {} : { failure: scrub(this.#failure.message) }),
      ...(this.#consumer.refusal === undefined ? {} : { refused: true as const }),
    }
  }
}
