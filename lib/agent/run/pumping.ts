import { type Clock, monotonic, pause } from '../../core/clock.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import { asError, hasCode } from '../../core/errors.ts'
import { retryPause } from '../../core/keep-trying.ts'
import { withLinkedSignal } from '../../core/time-limit.ts'
import { MINUTE } from '../../core/time-units.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import type { Places } from '../../dispatch/places.ts'
import { Pump, type PumpHost } from '../../dispatch/pump.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, Handed, Log, Writes } from '../../log/port.ts'
import { workWhileHeld } from './held-work.ts'
import type { PartMeters } from './part-meters.ts'

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

/** Where the events of pumps come from: the consumer of a listener, or one of its shards. */
export interface PumpSource {
  /** The listener, under its present name. */
  readonly listener: Listener
  /** Why the log refuses to open a consumer for the listener. */
  readonly refusal: Error | undefined
  /** Resolves to a usable consumer. */
  ready(): Promise<Consumer>
  /** The consumer may hold events that were taken but not begun. */
  discard(): void
  /** The consumer in use, which may be unusable. */
  readonly current: Consumer
  /** Whether it is a shard: then other agents may have it whenever this one does not work on it. */
  readonly isShard: boolean
}

/** What pumps tell their runner. */
export interface PumpingHost extends ListenerRunnerHost {
  readonly events: Pick<PumpHost, 'began' | 'ended'>
  /** How many deliveries may run, over all pumps of the listener. */
  readonly places: Places
  /** Whether the listener has stopped, permanently. */
  isStopped(): boolean
  /** It is known by now who handles the events. */
  changed(): void
}

/** What is done with each pump. `waits` is called when another agent handles the events. */
interface Turn {
  run(pump: Pump): Promise<void>
  waits(): void
}

/** A listener that worked for longer than this, in ms, restarts after the shortest pause. */
const WORKED = MINUTE

/** How often a listener that waits for its log looks whether it is back, in ms. */
const LOOK = 200

/**
 * Pumps the events of one consumer, or of one shard, one pump at a time, whenever this agent holds it; after a failure it
 * begins again (decision 0037).
 */
export class Pumping {
  readonly source: PumpSource
  readonly #host: PumpingHost
  readonly #clock: Clock
  #pump: Pump | undefined
  #ongoing: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  /** Whether another agent handles the events, and whether this one does: neither, until that is known. */
  standby = false
  holds = false
  failure: Error | undefined
  /** Whether it has failed and does not begin again: the log is closed, or another agent took the consumer over. */
  hasEnded = false

  constructor(source: PumpSource, host: PumpingHost) {
    this.source = source
    this.#host = host
    this.#clock = monotonic(host.clock)
  }

  /** Whether it has begun, and was not put to rest since. */
  get isOngoing(): boolean {
    return this.#ongoing !== undefined
  }

  /** Whether it ends. */
  get isEnding(): boolean {
    return this.#ongoing?.stop.signal.aborted === true
  }

  /** The number of events that were taken, and wait for an older one of their key. */
  get held(): number {
    return this.#pump?.held ?? 0
  }

  /** The deliveries in progress; undefined: it does not pump. */
  get running(): Pump['running'] | undefined {
    return this.#pump?.running
  }

  /** See `ListenerRunner.begin`. */
  begin(turn: Promise<void>, all: Promise<void>): Promise<void> {
    const stop = new AbortController()
    this.hasEnded = false
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
    const ended = this.#host.track(pumped.finally(tried), { listener: this.source.listener.name }).then((failure) => {
      if (failure === undefined) return
      this.failure = failure
      this.hasEnded = true
      this.#host.changed()
    })
    this.#ongoing = { stop, ended }
    return suspects
  }

  /** Begins no more deliveries. */
  stop(): void {
    this.#ongoing?.stop.abort()
  }

  /** Stops, and waits for the running deliveries. */
  async rest(): Promise<void> {
    this.stop()
    await this.#ongoing?.ended
    this.#ongoing = undefined
    this.source.discard()
  }

  async #supervise(stop: AbortSignal, turn: Turn): Promise<void> {
    const { environment } = this.#host
    for (let failures = 1; ; failures++) {
      const began = this.#clock.now()
      try {
        const consumer = await this.source.ready()
        this.failure = undefined
        await this.#handle(consumer, stop, turn)
        return
      } catch (thrown) {
        this.source.discard()
        const err = asError(thrown)
        // The log is closed, or another agent on this log took the consumer over: the listener continues there.
        if (hasCode(err, 'TIDINGS_LOG_CLOSED') || err === this.source.refusal) throw err
        if (this.#clock.now() - began > WORKED) failures = 1
        const wait = retryPause(failures)
        const fields = { listener: this.source.listener.name, err }
        // The listener was stopping anyway: reopening its consumer writes what could not be written now.
        if (stop.aborted) return environment.logger.warn(fields, 'listener failed as it stopped')
        this.failure = err
        environment.logger.error({ ...fields, wait }, 'listener failed, restarting')
        if (await this.#isBack(wait, stop)) failures = 0
        if (stop.aborted) return
      }
    }
  }

  // Pauses. One that failed with its log continues as soon as that is ready again: then this resolves to true.
  async #isBack(wait: number, stop: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#host
    const isReady = (): boolean => log.state === 'ready'
    const hasFailed = !isReady()
    const step = hasFailed ? Math.min(LOOK, wait) : wait
    for (let left = wait; left > 0 && !stop.aborted; left -= step) {
      await pause(clock, step, stop)
      if (hasFailed && isReady()) return true
    }
    return false
  }

  #handle(consumer: Consumer, stop: AbortSignal, { run, waits }: Turn): Promise<void> {
    const { log, abort } = this.#host
    return workWhileHeld({
      log,
      stop,
      abort,
      take: (signal) => consumer.hold(signal),
      standsBy: (isStandby) => {
        if (isStandby !== this.standby) this.#logStandby(isStandby)
        this.standby = isStandby
        this.holds = !isStandby
        this.#host.changed()
        if (isStandby) waits()
      },
      work: async (under, { wanted }) => {
        await withLinkedSignal([under.stop, wanted], (ends) =>
          this.#runPump(consumer, { ...this.#host, ...under, stop: ends }, run),
        )
        if (this.source.isShard) this.holds = false
      },
      isFree: () => this.source.isShard || this.#host.isStopped(),
    })
  }

  // A shard is handled by some agent or other: nothing to report.
  #logStandby(isStandby: boolean): void {
    const words = isStandby ? 'another agent handles it: standing by' : 'this agent handles it now'
    const { logger } = this.#host.environment
    if (!this.source.isShard) logger.info({ listener: this.source.listener.name }, words)
  }

  async #runPump(consumer: Consumer, host: PumpingHost & Pick<PumpHost, 'stop'>, run: Turn['run']): Promise<void> {
    const { listener } = this.source
    const pump = new Pump(listener, consumer, {
      ...host,
      ...this.#host.events,
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
}
