import { type CancelTimer, type SteppedClock, timerAt } from '../../core/clock.ts'
import { realEnvironment } from '../../core/environment.ts'
import type { Draft } from '../../core/event.ts'
import { defaultLimits } from '../../core/limits.ts'
import { secretsOf } from '../../core/secrets.ts'
import type { VirtualClock } from '../../core/virtual-clock.ts'
import { createLevelLog } from '../../level/create-level-log.ts'
import type { LevelLog } from '../../level/level-log.ts'
import { ReopeningStore } from '../../level/session/reopening-store.ts'
import { noMarkFile } from '../../level/store/marker-file.ts'
import type { Agent } from '../define/agent.ts'
import { RunningAgent } from '../run/running-agent.ts'
import type { PendingFaults } from './faults.ts'
import type { MortalStore } from './mortal-store.ts'
import type { Recorder } from './recorder.ts'
import type { SimulatedWorld } from './simulated-world.ts'
import { type WatchHost, watchedAgent } from './watched-agent.ts'

/** What all lives of a simulated agent share. */
export interface LifeHost {
  readonly clock: VirtualClock
  readonly recorder: Recorder
  readonly faults: PendingFaults
  readonly world: SimulatedWorld
  readonly store: MortalStore
  /** Called when a fault has ended this life. */
  died(): void
}

/**
 * One life of a simulated agent, from its start to a crash or to the end.
 *
 * A crash can't take code out of this process. So a life meets everything outside of it (timers, the store, the world,
 * the record) through this class, and once it has ended, nothing of that answers: what still waits, waits for ever, and
 * is collected as garbage.
 */
export class Life implements WatchHost {
  readonly clock: SteppedClock
  readonly virtual: VirtualClock
  readonly recorder: Recorder
  readonly faults: PendingFaults
  readonly world: SimulatedWorld
  readonly #host: LifeHost
  readonly #timers = new Set<CancelTimer>()
  #alive = true
  #running: RunningAgent | undefined
  #log: LevelLog | undefined

  constructor(host: LifeHost) {
    this.#host = host
    this.recorder = host.recorder
    this.faults = host.faults
    this.world = host.world
    const { clock } = host
    this.virtual = clock
    this.clock = {
      now: () => clock.now(),
      timer: (run, ms) => this.#timed(run, (fire) => clock.timer(fire, ms)),
      timerAt: (run, at) => this.#timed(run, (fire) => timerAt(clock, at, fire)),
    }
  }

  /** Opens the log and starts the agent. */
  async begin(agent: Agent): Promise<void> {
    const { recorder, world } = this
    const { store } = this.#host
    const opened = await ReopeningStore.open({
      source: store.of({ ...this.#host, clock: this.clock, isAlive: () => this.#alive, die: () => this.die() }),
      marks: noMarkFile,
      clock: this.clock,
      durability: 'process',
      identity: undefined,
      warn: () => undefined,
    })
    const log = createLevelLog(opened, defaultLimits)
    this.#log = log
    // What the last life stored without living to be told.
    await this.#recordStored(log)
    const committed = opened.onCommitted
    opened.onCommitted = (events, ms) => {
      for (const { event } of events) recorder.event(event)
      committed(events, ms)
    }
    const secrets = secretsOf(world, NO_SECRETS)
    const environment = realEnvironment(
      this.clock,
      recorder.logger(() => this.#alive),
      secrets,
      {
        now: () => world.now(),
        fetch: world.fetchFor({ by: 'the pipe of a listener' }),
        exec: world.execFor({ by: 'the pipe of a listener' }),
      },
    )
    const running = new RunningAgent({
      agent: watchedAgent(agent, this),
      log,
      clock: this.clock,
      environment,
      scrub: secrets.scrub,
      close: () => log.close(),
    })
    this.#running = running
    await running.begin()
  }

  async #recordStored(log: LevelLog): Promise<void> {
    for await (const event of log.events({ after: this.recorder.last })) this.recorder.event(event)
  }

  isAlive(): boolean {
    return this.#alive
  }

  /** Stores events from outside of the agent. */
  async accept(drafts: readonly Draft[]): Promise<void> {
    await this.#log?.accept(drafts)
  }

  async outside<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work
      return this.#alive ? result : await NEVER
    } catch (error) {
      if (!this.#alive) await NEVER
      throw error
    }
  }

  /** Ends this life as a crash does. */
  die(): void {
    if (!this.#alive) return
    this.#alive = false
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#host.died()
  }

  /** Stops the agent. The clock must be advanced meanwhile. */
  async stop(): Promise<void> {
    if (this.#alive) await this.#running?.stop()
    this.#alive = false
  }

  #timed(run: () => void, set: (fire: () => void) => CancelTimer): CancelTimer {
    if (!this.#alive) return () => undefined
    const cancel = set(() => {
      this.#timers.delete(cancel)
      run()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }
}

const NEVER = new Promise<never>(() => undefined)

const NO_SECRETS = { secret: (name: string): string => name, scrub: (text: string): string => text }
