import type { Agent } from '../agent/define/agent.ts'
import { tryOut } from '../agent/try/try-out.ts'
import { systemClock } from '../core/clock.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { silentLogger } from '../core/logger.ts'
import { HOUR } from '../core/time-units.ts'
import type { World } from '../core/world.ts'
import { Deliverer, listenerNamespace } from '../dispatch/deliverer.ts'
import type { DeliveryOutcome } from '../dispatch/outcome.ts'
import type { Job } from '../job/job.ts'
import { jobNamespace } from '../job/job-record.ts'
import { memoryLog } from '../level/open-log.ts'
import type { Listener } from '../listener/listener.ts'
import type { Log } from '../log/port.ts'
import { typeTest } from '../log/type-names.ts'
import { withFixedDate } from './fixed-date.ts'
import { withoutMemory } from './listener-under-test.ts'
import { LONGEST } from './patience.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'
import { closedWorld } from './watched-world.ts'

/** When a rehearsal begins, in ms since the epoch. */
const BEGINNING = Date.UTC(2026, 0, 1)

/** The most events in a rehearsal: a loop is long before that. */
const MOST = 100

/** A part of an agent that failed. */
export interface Failure {
  /** `job "sync"`, `listener "mail"`. */
  readonly part: string
  readonly message: string
}

/**
 * Runs the parts of an agent on a log in memory, one after the other: each job once, and each event at each listener that
 * hears it, once. Filters with a memory pass everything.
 */
export class AgentRehearsal {
  readonly log: Log
  readonly #clock: VirtualClock
  readonly #world: Partial<World>

  private constructor(log: Log, clock: VirtualClock, world: Partial<World>) {
    this.log = log
    this.#clock = clock
    this.#world = world
  }

  /** Runs `work` with an empty log. */
  static async with<T>(world: Partial<World>, work: (rehearsal: AgentRehearsal) => Promise<T>): Promise<T> {
    const clock = virtualClock(new Date(BEGINNING))
    const log = await memoryLog({ clock })
    try {
      return await work(new AgentRehearsal(log, clock, world))
    } finally {
      await log.close()
    }
  }

  /** Runs each job once; resolves to those that failed. A job that never ends does not run. */
  async runJobs({ jobs }: Agent): Promise<readonly Failure[]> {
    const failures: Failure[] = []
    for (const job of jobs) {
      if (job.schedule.kind === 'always') continue
      this.#clock.step(HOUR)
      const quick = { ...job, settings: { ...job.settings, timeout: LONGEST } }
      const { run } = await withFixedDate(this.#clock.now(), () =>
        tryOut({ log: this.log, job: quick, world: { ...closedWorld, ...this.#world } }),
      )
      if (run?.error !== undefined)
        failures.push({ part: `job ${JSON.stringify(job.name)}`, message: run.error.message })
    }
    return failures
  }

  /** Publishes drafts, and delivers them and all that follows from them; resolves to the listeners that failed. */
  async tell({ listeners }: Agent, drafts: readonly Draft[]): Promise<readonly Failure[]> {
    const failures: Failure[] = []
    let seq = await this.log.last()
    const first = seq
    await this.log.accept(drafts)
    for (; seq < (await this.log.last()) && seq - first < MOST; seq++) {
      for await (const event of this.log.events({ after: seq, limit: 1 })) {
        for (const listener of listeners) {
          if (!typeTest(listener.source.types)(event.type)) continue
          const message = await this.#deliver(listener, event)
          if (message !== undefined) failures.push({ part: `listener ${JSON.stringify(listener.name)}`, message })
        }
      }
    }
    return failures
  }

  /** All events so far, by seq. */
  async events(): Promise<ReadonlyMap<number, StoredEvent>> {
    const events = new Map<number, StoredEvent>()
    for await (const event of this.log.events()) events.set(event.seq, event)
    return events
  }

  /** Gives the parts of an agent the state of those that they were formerly. */
  async adopt({ jobs, listeners }: Agent): Promise<void> {
    for (const { name, settings } of jobs) await this.#move(settings.formerly, name, jobNamespace)
    for (const { name, settings } of listeners) await this.#move(settings.formerly, name, listenerNamespace)
  }

  /** The state of a part, by key. */
  async stateOf(part: Job | Listener): Promise<Readonly<Record<string, unknown>>> {
    const state: Record<string, unknown> = {}
    const namespace = part.kind === 'job' ? jobNamespace(part.name) : listenerNamespace(part.name)
    for await (const { key, value } of this.log.store(namespace).list()) state[key] = value
    return state
  }

  async #move(from: string | undefined, to: string, namespace: (name: string) => string): Promise<void> {
    if (from === undefined) return
    const own = this.log.store(namespace(to))
    for await (const { key, value } of this.log.store(namespace(from)).list()) await own.set(key, value)
  }

  async #deliver(listener: Listener, event: StoredEvent): Promise<string | undefined> {
    const { log } = this
    const clock = this.#clock
    const environment = { ...closedWorld, now: () => clock.now(), ...this.#world, logger: silentLogger }
    const source = withoutMemory(listener.source)
    const delivery = await withFixedDate(clock.now(), async () =>
      new Deliverer({ ...listener, source }, { log, clock, environment }).deliver({ event, attempt: 1 }),
    )
    const outcome = await new Promise<DeliveryOutcome>((resolve) => {
      const late = (): void => delivery.stop(new Error(`it did not end within ${LONGEST} ms`))
      const cancel = systemClock.timer(late, LONGEST)
      delivery.onEnd((end) => {
        cancel()
        resolve(end)
      })
    })
    if (outcome.end !== 'ack') return outcome.error.message
    if (outcome.writes.length > 0) await log.accept([], { state: outcome.writes })
    return undefined
  }
}
