import { type Clock, monotonic } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import type { Environment } from '../core/environment.ts'
import { quote, TidingsError } from '../core/errors.ts'
import type { Draft, Receipt } from '../core/event.ts'
import type { Tracing } from '../core/tracing.ts'
import type { Verdict } from '../listener/judge/judge.ts'
import { MemoryPipe } from '../listener/judge/memory-pipe.ts'
import type { Listener } from '../listener/listener.ts'
import { type Pipe, pipeOf } from '../listener/on.ts'
import { snapshotDraft } from '../log/check-draft.ts'
import type { Handed, KeyValue, Log } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { acceptOne } from '../log/traced-accept.ts'
import { type AttemptHost, DeliveryAttempt } from './delivery-attempt.ts'
import { refuseLoop } from './hops.ts'
import { outdated } from './outdated.ts'

/** What deliveries need besides their event. */
export interface DeliveryHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  readonly tracing?: Tracing | undefined
}

/** The namespace of a listener's own state. */
export function listenerNamespace(name: string): string {
  return `listener/${name}`
}

/** Delivers events to one listener, each through its own pipe. */
export class Deliverer implements AttemptHost {
  readonly listener: Listener
  readonly title: string
  readonly pipe: Pipe
  readonly #host: DeliveryHost
  readonly #clock: Clock
  readonly #namespace: string
  readonly #stored: KeyValue
  /** The attempts that are not over, and have no timer yet. */
  #untimed: DeliveryAttempt[] = []

  constructor(listener: Listener, host: DeliveryHost) {
    this.listener = listener
    this.title = `the delivery to listener ${quote(listener.name)}`
    const memory = MemoryPipe.of(listener.source)
    this.pipe = memory === undefined ? pipeOf(listener.source) : { tests: [], ...defined({ rest: memory.rest }) }
    this.#host = host
    this.#clock = monotonic(host.clock)
    this.#namespace = listenerNamespace(listener.name)
    this.#stored = host.log.store(this.#namespace)
  }

  get log(): Log {
    return this.#host.log
  }

  get environment(): Environment {
    return this.#host.environment
  }

  get tracing(): Tracing | undefined {
    return this.#host.tracing
  }

  /** Begins one attempt at one event. `verdict`: what the gate of a pipe with a memory found. */
  deliver(handed: Handed, verdict?: Verdict): DeliveryAttempt {
    const attempt = new DeliveryAttempt(this, handed, verdict)
    attempt.begin()
    if (attempt.outcome === undefined) this.#limit(attempt)
    return attempt
  }

  // A timer costs as much as a delivery. Most deliveries end within the turn of the loop they began in and need none.
  #limit(attempt: DeliveryAttempt): void {
    if (this.#untimed.push(attempt) > 1) return
    setImmediate(() => {
      const { clock } = this.#host
      const { timeout } = this.listener.settings
      for (const each of this.#untimed.splice(0)) {
        if (each.outcome !== undefined) continue
        each.addTeardown(clock.timer(() => each.stop(this.#timeoutError(each.handed)), timeout))
      }
    })
  }

  #timeoutError({ event }: Handed): TidingsError {
    const { name, settings } = this.listener
    const message = `listener ${quote(name)} took longer than its timeout of ${settings.timeout} ms over event ${event.seq}`
    return new TidingsError('TIDINGS_LISTENER_TIMEOUT', message, {
      details: { listener: name, seq: event.seq, timeout: settings.timeout },
    })
  }

  now(): number {
    return this.#clock.now()
  }

  outdated({ event }: Handed): TidingsError | undefined {
    return outdated(this.listener, event)
  }

  state(): StateBuffer {
    return new StateBuffer(this.#stored, this.#namespace)
  }

  async publish(given: Draft, { event }: Handed): Promise<Receipt> {
    const { log } = this.#host
    const draft = snapshotDraft(given)
    await refuseLoop(log, event)
    return acceptOne(draft, { cause: event.seq, listener: this.listener.name }, this.#host)
  }
}
