import type { Arbitrary } from 'fast-check'
import { map } from 'rxjs'
import { systemClock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { silentLogger } from '../core/logger.ts'
import { HOUR } from '../core/time-units.ts'
import type { World } from '../core/world.ts'
import { Deliverer } from '../dispatch/deliverer.ts'
import type { DeliveryOutcome } from '../dispatch/outcome.ts'
import type { Listener } from '../listener/listener.ts'
import { memoryOf } from '../listener/memory/memory-filter.ts'
import type { AnyOperator, Source } from '../listener/on.ts'
import type { Log } from '../log/port.ts'
import { typeTest } from '../log/type-names.ts'
import { BrokenLaw } from './check-law.ts'
import { Effects } from './effects.ts'
import { withFixedDate } from './fixed-date.ts'
import { LazyLog } from './lazy-log.ts'
import { LONGEST } from './patience.ts'
import { eventLine, historyOf } from './pipe-under-test.ts'
import { virtualClock } from './virtual-clock.ts'
import { type CallFault, WatchedWorld, type WorldCall } from './watched-world.ts'

/** The most events in a case. */
const MOST = 3

/** The number of attempts is a matter of the laws; only `Park` parks. */
const ATTEMPTS = 1000

/** What a handler changes, and how to tell. */
export interface Outside {
  /** Returns the world of one case. */
  readonly world: () => Partial<World>
  /** Whether a call that is repeated changes nothing. */
  readonly repeatable: (call: WorldCall) => boolean
  /** Returns what else the handler changes. */
  readonly observe: () => unknown
}

/** One event, and the attempts to deliver it. */
export interface Telling {
  readonly event: StoredEvent
  /** Attempts to deliver it, in a process that has just started. */
  attempt(fault?: CallFault): Promise<Attempt>
  /** Lets the time of an attempt pass. */
  skip(): void
  /** Settles it as an ack does: what its handler put into the state is stored. */
  ack(outcome: DeliveryOutcome): Promise<void>
}

/** How one attempt ended. */
export interface Attempt {
  readonly outcome: DeliveryOutcome
  /** The call that the fault met; undefined if there were fewer calls. */
  readonly failed: WorldCall | undefined
  /** Whether a text has a secret in it. */
  hasSecret(text: string): boolean
}

/** The listener whose handler a law is about, and its generated events. */
export class ListenerUnderTest {
  /** Generates events in the order in which a log has them. */
  readonly histories: Arbitrary<readonly StoredEvent[]>
  readonly #fresh: () => Listener
  readonly #outside: Outside
  readonly #hears: (type: string) => boolean
  #acked = 0
  #error: Error | undefined

  constructor(fresh: () => Listener, events: Arbitrary<StoredEvent>, outside: Outside) {
    this.#fresh = fresh
    this.#outside = outside
    this.#hears = typeTest(fresh().source.types)
    this.histories = historyOf(events, { least: 1, most: MOST }).map((history) =>
      history.filter(({ type }) => this.#hears(type)),
    )
  }

  /** Why the law was not tested; undefined if a delivery has succeeded. */
  get untested(): string | undefined {
    if (this.#acked > 0) return undefined
    return this.#error === undefined ? 'it heard no event: see events' : `each delivery fails: ${this.#error.message}`
  }

  /** Tells events one after the other, each as `each` does; returns what the world saw. */
  async tell(history: readonly StoredEvent[], each: (telling: Telling) => Promise<void>): Promise<Effects> {
    const clock = virtualClock(new Date(history.at(-1)?.created ?? 0))
    const lazy = new LazyLog(clock)
    const { log } = lazy
    const watched = new WatchedWorld(this.#outside.world(), () => clock.now())
    const { repeatable, observe } = this.#outside
    const keys = new Set<string>()
    try {
      for (const event of history) {
        let number = 0
        const skip = (): void => {
          number += 1
          clock.step(HOUR)
        }
        const attempt = async (fault?: CallFault): Promise<Attempt> => {
          skip()
          watched.begin(fault)
          const outcome = await withFixedDate(clock.now(), () =>
            this.#deliver({ event, attempt: number }, log, watched.world, keys),
          )
          return { outcome, failed: watched.failed, hasSecret: (text) => watched.secrets.scrub(text) !== text }
        }
        await each({ event, attempt, skip, ack: (outcome) => this.#ack(outcome, log) })
      }
      const published = await lazy.published()
      return new Effects({ calls: watched.calls, published, keys: [...keys], repeatable, observed: await observe() })
    } finally {
      await lazy.close()
    }
  }

  // `keys` gets the key of each value that the handler was called with.
  async #deliver(
    pulled: { readonly event: StoredEvent; readonly attempt: number },
    log: Log,
    world: World,
    keys: Set<string>,
  ): Promise<DeliveryOutcome> {
    const listener = this.#fresh()
    const patient: Listener = {
      ...listener,
      handle: (value, delivery) => {
        keys.add(delivery.key)
        return listener.handle(value, delivery)
      },
      source: withoutMemory(listener.source),
      settings: { ...listener.settings, attempts: ATTEMPTS },
    }
    const { clock } = log
    const deliverer = new Deliverer(patient, { log, clock, environment: { ...world, logger: silentLogger } })
    const delivery = deliverer.deliver(pulled)
    const outcome = await new Promise<DeliveryOutcome | undefined>((resolve) => {
      const cancel = systemClock.timer(() => resolve(undefined), LONGEST)
      delivery.onEnd((end) => {
        cancel()
        resolve(end)
      })
    })
    if (outcome !== undefined) return outcome
    const hangs = new BrokenLaw(`the handler did not end within ${LONGEST} ms`, [eventLine(pulled.event)], {
      final: true,
    })
    delivery.stop(hangs)
    throw hangs
  }

  async #ack(outcome: DeliveryOutcome, log: Log): Promise<void> {
    if (outcome.end !== 'ack') {
      this.#error = outcome.error
      return
    }
    this.#acked += 1
    if (outcome.writes.length > 0) await log.accept([], { state: outcome.writes })
  }
}

/** The same source without what its filters remember: the handler must be right for any value that may reach it. */
export function withoutMemory(source: Source): Source {
  const operators = source.operators.flatMap((operator): AnyOperator[] => {
    const memory = memoryOf(operator)
    if (memory === undefined) return [operator]
    return memory.kind === 'digest' ? [map((value) => [value])] : []
  })
  return { ...source, operators }
}
