import { type Observable, Subject, type Unsubscribable } from 'rxjs'
import { type Clock, pause, steady } from '../core/clock.ts'
import type { ErrorInfo } from '../core/error-info.ts'
import { asError, hasCode } from '../core/errors.ts'
import { pauseAfter } from '../core/persist.ts'
import { Pump, type PumpHost } from '../dispatch/pump.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, ConsumerOptions, Handed, Lag, Log, Start, Writes } from '../log/port.ts'
import type { ListenerHealth } from './health.ts'
import { cursors, oldestOf } from './oldest.ts'
import { checkRename, olderName, renameListener } from './rename-listener.ts'
import type { ListenerStatus } from './status.ts'

/** What a listener at work needs of its agent. */
export interface ListeningHost extends Omit<PumpHost, 'stop' | 'began' | 'ended' | 'parked'> {
  readonly log: Log
  /** `flush`: resolves when what was parked is durable. */
  parked(listener: string, handed: Handed, error: ErrorInfo, flush: () => Promise<void>): Writes
  /** Waits for work to end, also when the agent stops; says when it fails, and tells why. */
  track(work: Promise<unknown>, fields: object): Promise<Error | undefined>
}

/** While the log can't be read. */
const UNKNOWN = { waits: undefined, next: undefined }

/** Nothing that could be handled lies longer than this without a delivery that begins, in ms. */
const PATIENCE = 60_000

/** A listener at work: it hears until it is paused, and can be moved and renamed meanwhile. */
export class Listening {
  readonly #host: ListeningHost
  readonly #clock: Clock
  #listener: Listener
  #consumer!: Consumer
  #watch: Unsubscribable | undefined
  readonly #changes$ = new Subject<void>()
  #paused: boolean
  #stopped = false
  #pump: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  // What is asked of it is done one after another.
  #turn: Promise<unknown> = Promise.resolve()
  // When a delivery began or ended last, but for those that took too long: a handler that never settles gets nowhere.
  #moved: number
  #late = false
  #failure: Error | undefined
  // The consumer is of no use any more, and is to be opened again: it failed, or was moved from, or what was taken from it
  // was not begun.
  #spent = false
  #opening: Promise<void> | undefined
  // A rename failed, and the log may have stored it all the same.
  #maybe: string | undefined
  // Why the log does not open it at all.
  #refusal: Error | undefined
  #lag: Lag = { behind: 0, running: 0, retrying: 0, parked: 0 }

  /** `paused`: the names of those that do not hear before they are told to. */
  static async open(listener: Listener, paused: ReadonlyMap<string, unknown>, host: ListeningHost): Promise<Listening> {
    try {
      return await Listening.#opened(listener, paused, host)
    } catch (error) {
      if (typeof listener.settings.from !== 'number' || !hasCode(error, 'TIDINGS_LOG_INVALID')) throw error
      return Listening.#refused(listener, asError(error), host)
    }
  }

  static async #opened(
    listener: Listener,
    paused: ReadonlyMap<string, unknown>,
    host: ListeningHost,
  ): Promise<Listening> {
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
    return new Listening(listener, consumer, paused.has(older ?? name), host)
  }

  /**
   * A listener that the log does not open, because its `from` lies far beyond the end of the log. It hears nothing,
   * `status` says why, and it leaves no cursor behind; the other parts of the agent run.
   */
  static async #refused(listener: Listener, refusal: Error, host: ListeningHost): Promise<Listening> {
    const consumer = await host.log.consumer(listener.name, { start: 'now', transient: true, ...hears(listener) })
    const listening = new Listening(listener, consumer, false, host)
    listening.#refusal = refusal
    return listening
  }

  private constructor(listener: Listener, consumer: Consumer, paused: boolean, host: ListeningHost) {
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
   * Begins to hear, and goes on until it is stopped or the log is closed: whatever else ends it, it waits a little, opens
   * its consumer again and begins again. What was in flight when the process died is tried first, once `turn` has
   * resolved; the rest follows once `all` has. Resolves when those were tried, or could not be.
   */
  begin(turn: Promise<void> = Promise.resolve(), all: Promise<void> = Promise.resolve()): Promise<void> {
    const stop = new AbortController()
    let tried: () => void = () => undefined
    const suspects = new Promise<void>((resolve) => (tried = resolve))
    const heard = this.#supervise(stop.signal, async (pump) => {
      await turn
      // One that fails over this lets the others begin: they do not wait until it is well.
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
        // Closed, or opened again by another agent on this log: the listener goes on there.
        if (hasCode(err, 'TIDINGS_LOG_CLOSED') || err === this.#refusal) throw err
        if (this.#clock.now() - began > PATIENCE) failures = 1
        const wait = pauseAfter(failures)
        const fields = { listener: this.#listener.name, err }
        // It was stopped anyway: what could not be written down is written when its consumer is opened again.
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
      parked: (handed, error) => host.parked(listener.name, handed, error, () => consumer.flush()),
    })
    try {
      await hear(pump)
    } finally {
      pump.end()
    }
  }

  /** Begins no more deliveries, for good. */
  stop(): void {
    this.#stopped = true
    this.#pump?.stop.abort()
  }

  /** Resolves when nothing that was asked of it goes on. */
  async idle(): Promise<void> {
    await this.#turn
  }

  /** No delivery begins from now on; those that go on may end. */
  pause(paused: boolean): void {
    this.#paused = paused
    this.#changes$.next()
    if (paused) this.#pump?.stop.abort()
    void this.#inTurn(async () => {
      if (this.#pump?.stop.signal.aborted) await this.#rest()
      // What was taken and not begun is behind again. A log that fails is asked again when it is resumed.
      await this.#ready().catch(() => undefined)
    })
  }

  /** Does something with what the log has for it. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#ready()
      return steer(this.#consumer)
    })
  }

  /** Goes on from another place, once the deliveries that go on have ended. */
  move(start: Start): Promise<void> {
    return this.#inTurn(async () => {
      await refuseFailed(this.#host.log)
      await this.#rest()
      await this.#open({ start, move: true })
    })
  }

  /** Goes on under another name, once the deliveries that go on have ended. */
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
    // While the log can't say, what it said last.
    this.#lag = await this.#consumer.lag().catch(() => this.#lag)
    return { name: this.#listener.name, ...paused, ...this.#lag }
  }

  /** `cursor`: how far it is; undefined while the log can't tell. */
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

  // There is something that it could handle, and it gets nowhere. `next`: when the oldest was accepted that is new to it.
  #isStuck({ running, retrying }: Lag, next: number | undefined): boolean {
    const { timeout, ordered } = this.#listener.settings
    // A log that has failed tells nobody anything, and says so itself.
    if (this.#paused || this.#host.log.state !== 'ready') return false
    const now = this.#clock.now()
    if (running > 0 || this.#late) return now - this.#moved > 2 * timeout
    // In order, all wait for the one that is to be tried again.
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

  // Opened again, the consumer has forgotten what was taken from it and not begun: that comes again.
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

// Steering looks before it acts: a log that takes nothing now would leave the listener stopped halfway.
async function refuseFailed(log: Log): Promise<void> {
  await log.last()
}

function hears({ source: { types }, settings }: Listener): Pick<ConsumerOptions, 'types' | 'inOrder'> {
  return { ...(types === undefined ? {} : { types }), ...(settings.ordered === true ? { inOrder: true } : {}) }
}
