import { type Observable, Subject, type Unsubscribable } from 'rxjs'
import { type Clock, pause, steady } from '../../core/clock.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import { asError, hasCode } from '../../core/errors.ts'
import { retryPause } from '../../core/persist.ts'
import { Pump, type PumpHost } from '../../dispatch/pump.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, ConsumerOptions, Handed, Lag, Log, Start, Writes } from '../../log/port.ts'
import type { ListenerHealth } from './health.ts'
import { cursors, oldestOf } from './oldest.ts'
import { checkRename, olderName, renameListener } from './rename-listener.ts'
import type { ListenerStatus } from './status.ts'

/** What a running listener needs from its agent. */
export interface ListenerRunnerHost extends Omit<PumpHost, 'stop' | 'began' | 'ended' | 'parking' | 'parked'> {
  readonly log: Log
  /** Returns the writes that go into the commit that parks an event. */
  parking(listener: string, handed: Handed, error: ErrorInfo): Writes
  /** Called once an event was parked. `flush` resolves when that is durable. */
  parked(listener: string, flush: () => Promise<void>): void
  /** Awaits the work, also while the agent stops; logs a failure and resolves to it. */
  track(work: Promise<unknown>, fields: object): Promise<Error | undefined>
}

/** Used while the log is unreadable. */
const UNKNOWN = { waits: undefined, next: undefined }

/** With events to handle, a listener that starts no delivery for this long, in ms, is stuck. */
const PATIENCE = 60_000

/** A running listener: it receives events until it is paused, and can be moved and renamed meanwhile. */
export class ListenerRunner {
  readonly #host: ListenerRunnerHost
  readonly #clock: Clock
  #listener: Listener
  #consumer!: Consumer
  #watch: Unsubscribable | undefined
  readonly #changes$ = new Subject<void>()
  #paused: boolean
  #stopped = false
  #pump: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  // Serializes pauses, moves, renames and other steering.
  #turn: Promise<unknown> = Promise.resolve()
  // When a delivery last began or ended; a timeout does not count, as a handler that never settles makes no progress.
  #moved: number
  #late = false
  #failure: Error | undefined
  // The consumer is unusable and must be reopened: it failed, was moved, or holds events that were taken but not begun.
  #spent = false
  #opening: Promise<void> | undefined
  // The new name of a failed rename, which the log may have stored nevertheless.
  #maybe: string | undefined
  // Why the log refuses to open a consumer for this listener.
  #refusal: Error | undefined
  #lag: Lag = { behind: 0, running: 0, retrying: 0, parked: 0 }

  /** Opens a listener on the log. `paused`: the names of the listeners that stay paused until they are resumed. */
  static async open(
    listener: Listener,
    paused: ReadonlyMap<string, unknown>,
    host: ListenerRunnerHost,
  ): Promise<ListenerRunner> {
    try {
      return await ListenerRunner.#opened(listener, paused, host)
    } catch (error) {
      if (typeof listener.settings.from !== 'number' || !hasCode(error, 'TIDINGS_LOG_INVALID')) throw error
      return ListenerRunner.#refused(listener, asError(error), host)
    }
  }

  static async #opened(
    listener: Listener,
    paused: ReadonlyMap<string, unknown>,
    host: ListenerRunnerHost,
  ): Promise<ListenerRunner> {
    const { name, settings } = listener
    const { from: start, formerly } = settings
    const { log, environment } = host
    const older = await olderName(log, listener, environment.logger)
    const consumer =
      older === undefined
        ? await log.consumer(name, { start, ...hears(listener) })
        : await renameListener(log, older, name, hears(listener))
    if (consumer.origin === 'new') environment.logger.info({ listener: name, from: start }, 'new listener')
    if (consumer.origin === 'renamed') environment.logger.info({ listener: name, formerly }, 'renamed listener')
    return new ListenerRunner(listener, consumer, paused.has(older ?? name), host)
  }

  /**
   * A listener whose consumer the log refuses to open, because its `from` lies far beyond the end of the log. It
   * receives nothing, `status` gives the reason, and it leaves no cursor behind; the other parts of the agent run.
   */
  static async #refused(listener: Listener, refusal: Error, host: ListenerRunnerHost): Promise<ListenerRunner> {
    const consumer = await host.log.consumer(listener.name, { start: 'now', transient: true, ...hears(listener) })
    const listening = new ListenerRunner(listener, consumer, false, host)
    listening.#refusal = refusal
    return listening
  }

  private constructor(listener: Listener, consumer: Consumer, paused: boolean, host: ListenerRunnerHost) {
    this.#listener = listener
    this.#use(consumer)
    this.#paused = paused
    this.#host = host
    this.#clock = steady(host.clock)
    this.#moved = this.#clock.now()
  }

  get listener(): Listener {
    return this.#listener
  }

  get consumer(): Consumer {
    return this.#consumer
  }

  /** Emits whenever `status()` may have changed. */
  get changes$(): Observable<void> {
    return this.#changes$
  }

  get paused(): boolean {
    return this.#paused
  }

  /**
   * Starts deliveries, and continues until the listener is stopped or the log is closed. After any other failure it
   * waits briefly, reopens its consumer and restarts. Once `turn` has resolved, it first tries the events that were in
   * flight when the process died; the rest follows once `all` has resolved. Resolves when those events were tried, or
   * could not be.
   */
  begin(turn: Promise<void> = Promise.resolve(), all: Promise<void> = Promise.resolve()): Promise<void> {
    const stop = new AbortController()
    let tried: () => void = () => undefined
    const suspects = new Promise<void>((resolve) => (tried = resolve))
    const heard = this.#supervise(stop.signal, async (pump) => {
      await turn
      // A listener that fails here releases the others: they do not wait for its recovery.
      await pump.clearSuspects().finally(tried)
      await all
      await pump.run()
    })
    this.#moved = this.#clock.now()
    this.#late = false
    const ended = this.#host.track(heard.finally(tried), { listener: this.#listener.name }).then((failure) => {
      if (failure !== undefined) this.#failure = failure
    })
    this.#pump = { stop, ended }
    return suspects
  }

  async #supervise(stop: AbortSignal, hear: (pump: Pump) => Promise<void>): Promise<void> {
    const { clock, environment } = this.#host
    for (let failures = 1; ; failures++) {
      const began = this.#clock.now()
      try {
        await this.#ready()
        this.#failure = undefined
        await this.#pumpEvents(stop, hear)
        return
      } catch (thrown) {
        this.#spent = true
        const err = asError(thrown)
        // The log is closed, or another agent on this log took the consumer over: the listener continues there.
        if (hasCode(err, 'TIDINGS_LOG_CLOSED') || err === this.#refusal) throw err
        if (this.#clock.now() - began > PATIENCE) failures = 1
        const wait = retryPause(failures)
        const fields = { listener: this.#listener.name, err }
        // The listener was stopping anyway: reopening its consumer writes what could not be written now.
        if (stop.aborted) return environment.logger.warn(fields, 'listener failed as it stopped')
        this.#failure = err
        environment.logger.error({ ...fields, wait }, 'listener stopped, and begins again')
        await pause(clock, wait, stop)
        if (stop.aborted) return
      }
    }
  }

  async #pumpEvents(stop: AbortSignal, hear: (pump: Pump) => Promise<void>): Promise<void> {
    const [host, listener] = [this.#host, this.#listener]
    const consumer = this.#consumer
    const pump = new Pump(listener, consumer, {
      ...host,
      stop,
      began: (now) => {
        if (!this.#late) this.#moved = now
      },
      ended: (outcome, now) => {
        this.#late = outcome.end === 'retry' && hasCode(outcome.error, 'TIDINGS_LISTENER_TIMEOUT')
        if (!this.#late) this.#moved = now
      },
      parking: (handed, error) => host.parking(listener.name, handed, error),
      parked: () => host.parked(listener.name, () => consumer.flush()),
    })
    try {
      await hear(pump)
    } finally {
      pump.end()
    }
  }

  /** Starts no more deliveries, permanently. */
  stop(): void {
    this.#stopped = true
    this.#pump?.stop.abort()
  }

  /** Resolves when all pending steering (pause, move, rename) has finished. */
  async idle(): Promise<void> {
    await this.#turn
  }

  /** Pauses or resumes: while paused no delivery starts; running deliveries may finish. */
  pause(paused: boolean): void {
    this.#paused = paused
    this.#changes$.next()
    if (paused) this.#pump?.stop.abort()
    void this.#inTurn(async () => {
      if (this.#pump?.stop.signal.aborted) await this.#rest()
      // Reopening counts events that were taken but not begun as behind again. If the log fails, resuming retries this.
      await this.#ready().catch(() => undefined)
    })
  }

  /** Runs `steer` on the consumer, after all earlier steering. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#ready()
      return steer(this.#consumer)
    })
  }

  /** Continues from another position, once the running deliveries have ended. */
  move(start: Start): Promise<void> {
    return this.#inTurn(async () => {
      await refuseFailed(this.#host.log)
      await this.#rest()
      await this.#open({ start, move: true })
    })
  }

  /** Continues under another name, once the running deliveries have ended. */
  rename(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const { log } = this.#host
      await checkRename(log, name)
      await this.#rest()
      this.#maybe = name
      const consumer = await renameListener(log, this.#listener.name, name, hears(this.#listener))
      this.#maybe = undefined
      this.#listener = { ...this.#listener, name }
      this.#use(consumer)
    })
  }

  async status(): Promise<ListenerStatus> {
    const paused = this.#paused ? ({ paused: true } as const) : {}
    return { name: this.#listener.name, ...paused, ...(await this.#currentLag()) }
  }

  /** Whether it has nothing to handle now: no event is left, or it is paused or refused. */
  async isIdle(): Promise<boolean> {
    if (this.#paused || this.#refusal !== undefined) return true
    const { behind, running } = await this.#currentLag()
    return behind + running === 0
  }

  // While the log is unreadable, the last known lag.
  async #currentLag(): Promise<Lag> {
    this.#lag = await this.#consumer.lag().catch(() => this.#lag)
    return this.#lag
  }

  /**
   * Health of the listener. `cursor`: the seq up to which everything is settled; undefined while the log is unreadable.
   */
  async health(cursor: number | undefined): Promise<ListenerHealth> {
    const { log, scrub } = this.#host
    const status = await this.status()
    const { types } = this.#listener.source
    const { waits, next } =
      cursor === undefined ? UNKNOWN : await oldestOf(log, this.#consumer, { cursor, types }).catch(() => UNKNOWN)
    const all = [waits, next].filter((created) => created !== undefined)
    return {
      ...status,
      ...(all.length === 0 ? {} : { oldest: new Date(Math.min(...all)).toISOString() }),
      ...(this.#isStuck(status, next) ? { stuck: true } : {}),
      ...(this.#failure === undefined ? {} : { failure: scrub(this.#failure.message) }),
      ...(this.#refusal === undefined ? {} : { refused: true as const }),
    }
  }

  // Stuck: there are events to handle, and no progress. `next`: when the oldest event not yet tried was accepted.
  #isStuck({ running, retrying }: Lag, next: number | undefined): boolean {
    const { timeout, ordered } = this.#listener.settings
    // A failed log delivers no events, and reports itself as a problem.
    if (this.#paused || this.#host.log.state !== 'ready') return false
    const now = this.#clock.now()
    if (running > 0 || this.#late) return now - this.#moved > 2 * timeout
    // An ordered listener holds all events back until the pending retry has run.
    if (next === undefined || (ordered === true && retrying > 0)) return false
    return now - Math.max(this.#moved, next) > Math.min(2 * timeout, PATIENCE)
  }

  #use(consumer: Consumer): void {
    this.#watch?.unsubscribe()
    this.#spent = false
    this.#consumer = consumer
    this.#watch = consumer.changes$.subscribe(() => this.#changes$.next())
    this.#changes$.next()
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      try {
        return await act()
      } finally {
        this.#goOn()
      }
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  #goOn(): void {
    if (!this.#paused && !this.#stopped && this.#pump === undefined) void this.begin()
  }

  async #rest(): Promise<void> {
    this.#pump?.stop.abort()
    await this.#pump?.ended
    this.#pump = undefined
    this.#spent = true
  }

  // A reopened consumer has forgotten the events that were taken but not begun, and delivers them again.
  async #ready(): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    if (!this.#spent || this.#stopped) return
    this.#opening ??= this.#open({ start: 'now' }).finally(() => (this.#opening = undefined))
    await this.#opening
  }

  async #open(place: Pick<ConsumerOptions, 'start' | 'move'>): Promise<void> {
    if (this.#stopped) return
    const { log } = this.#host
    const [before, maybe] = [this.#listener.name, this.#maybe]
    if (maybe !== undefined) {
      const known = await cursors(log)
      if (known.has(maybe) && !known.has(before)) this.#listener = { ...this.#listener, name: maybe }
      this.#maybe = undefined
    }
    this.#use(await log.consumer(this.#listener.name, { ...hears(this.#listener), ...place }))
  }
}

// Reads before acting: a log that accepts no writes would leave the listener stopped halfway.
async function refuseFailed(log: Log): Promise<void> {
  await log.last()
}

function hears({ source: { types }, settings }: Listener): Pick<ConsumerOptions, 'types' | 'inOrder'> {
  return { ...(types === undefined ? {} : { types }), ...(settings.ordered === true ? { inOrder: true } : {}) }
}
