import { concatMap, EMPTY, from, isObservable, type Observable, of } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { isPark, isRetry } from '../core/control.ts'
import type { Environment } from '../core/environment.ts'
import { asError, quote, TidingsError } from '../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import { Publisher } from '../core/publisher.ts'
import { check, mismatches } from '../core/schema.ts'
import type { Work } from '../core/within.ts'
import type { Delivery, Listener } from '../listener/listener.ts'
import { type AnyOperator, pipeOf } from '../listener/on.ts'
import type { Handed, KeyValue, Log, Writes } from '../log/port.ts'
import { sayReceipt } from '../log/say-receipt.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { backoff } from './backoff.ts'
import { deliveryKey } from './delivery-key.ts'
import { refuseLoop } from './hops.ts'

/** How one delivery ended. `after`: in ms. */
export type Outcome =
  | { readonly end: 'ack'; readonly writes: Writes }
  | { readonly end: 'retry'; readonly error: Error; readonly after: number }
  | { readonly end: 'park'; readonly error: Error }

/** What deliveries need beside their event. */
export interface DeliveryHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
}

/** The namespace of a listener's own state. */
export function listenerNamespace(name: string): string {
  return `listener/${name}`
}

/** Delivers events to one listener: each through a pipe of its own. */
export class Deliverer {
  readonly #listener: Listener
  readonly #host: DeliveryHost
  readonly #pipe: AnyOperator
  readonly #namespace: string
  readonly #stored: KeyValue
  readonly #title: string

  constructor(listener: Listener, host: DeliveryHost) {
    this.#listener = listener
    this.#host = host
    this.#pipe = pipeOf(listener.source)
    this.#namespace = listenerNamespace(listener.name)
    this.#stored = host.log.store(this.#namespace)
    this.#title = `the delivery to listener ${quote(listener.name)}`
  }

  /** One attempt at one event; never rejects. `work` is stopped when the agent is. */
  async deliver(handed: Handed, work: Work): Promise<Outcome> {
    const state = new StateBuffer(this.#stored, this.#namespace)
    const publisher = new Publisher((draft) => this.#publish(draft, handed.event))
    try {
      const outdated = outdatedError(this.#listener, handed.event)
      if (outdated !== undefined) return { end: 'park', error: outdated }
      const limit = {
        clock: this.#host.clock,
        timeout: this.#listener.settings.timeout,
        late: () => this.#timedOut(handed),
      }
      work.onEnd(() => publisher.end(this.#title))
      await work.run(limit, () => this.#run(handed, state, publisher, work))
      return { end: 'ack', writes: state.writes() }
    } catch (error) {
      return this.#failed(handed, error)
    }
  }

  async #run(handed: Handed, state: StateBuffer, publisher: Publisher, work: Work): Promise<void> {
    let index = 0
    const common = { ...this.#host.environment, state, publish: publisher.publish, attempt: handed.attempt }
    const handle = (value: unknown): Observable<unknown> =>
      toObservable(this.#listener.handle(value, this.#delivery(handed, index++, common, work)))
    await new Promise<void>((resolve, reject) => {
      // Built anew for each event: an operator may subscribe to its source again, while others go on.
      const values = this.#pipe(of(handed.event))
        .pipe(concatMap(handle))
        .subscribe({ error: reject, complete: resolve })
      if (!values.closed) work.onEnd(() => values.unsubscribe())
    })
    if (publisher.pending > 0) await publisher.settle()
    const { failures } = publisher
    const [first] = failures
    if (first !== undefined && failures.length === 1) throw first
    if (failures.length > 1) throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
  }

  #delivery(
    handed: Handed,
    index: number,
    common: Omit<Delivery, 'event' | 'index' | 'key' | 'signal'>,
    work: Work,
  ): Delivery {
    const { event, replay } = handed
    const { log } = this.#host
    const listener = this.#listener.name
    return {
      ...common,
      event,
      index,
      // Few handlers ask for these two, and both cost something.
      get signal() {
        return work.signal
      },
      get key() {
        return deliveryKey({ log: log.id, listener, event, index, ...(replay === undefined ? {} : { replay }) })
      },
    }
  }

  async #publish(draft: Draft, cause: StoredEvent): Promise<Receipt> {
    const { log } = this.#host
    await refuseLoop(log, cause)
    const receipts = await log.accept([draft], { cause: cause.seq })
    const receipt = receipts[0] as Receipt
    sayReceipt(this.#host.environment.logger, draft, receipt)
    return receipt
  }

  #failed({ event, attempt }: Handed, thrown: unknown): Outcome {
    const { name, settings } = this.#listener
    const error = asError(thrown)
    if (isPark(error) || attempt >= settings.attempts) return { end: 'park', error }
    const key = `${name}\0${event.type}\0${event.identifier}\0${event.seq}`
    return { end: 'retry', error, after: isRetry(error) ? error.after : backoff(attempt, settings.backoff, key) }
  }

  #timedOut({ event }: Handed): TidingsError {
    const { name, settings } = this.#listener
    const message = `listener ${quote(name)} took longer than its timeout of ${settings.timeout} ms over event ${event.seq}`
    return new TidingsError('TIDINGS_LISTENER_TIMEOUT', message, {
      details: { listener: name, seq: event.seq, timeout: settings.timeout },
    })
  }
}

// A promise or an Observable, or one of the other, is run to its end; anything else is an answer that nobody asked for.
function toObservable(result: unknown): Observable<unknown> {
  if (isObservable(result)) return result
  const { then } = (result ?? {}) as { then?: unknown }
  return typeof then === 'function' ? from(Promise.resolve(result)).pipe(concatMap(toObservable)) : EMPTY
}

// A schema that turned its input into something else can't be asked about what it made.
function outdatedError({ source }: Listener, event: StoredEvent): TidingsError | undefined {
  if (event.transformed === true) return undefined
  for (const eventType of source.eventTypes) {
    const { schema } = eventType as { readonly schema?: Parameters<typeof check>[0] }
    if (schema === undefined || eventType.type !== event.type) continue
    const issues = mismatches(check(schema, event.data))
    if (issues.length === 0) continue
    const why = issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
    return new TidingsError(
      'TIDINGS_EVENT_OUTDATED',
      `event ${event.seq} no longer fits the schema of ${quote(event.type)}: ${why}`,
      {
        details: { type: event.type, identifier: event.identifier, seq: event.seq, path: issues[0]?.path, issues },
      },
    )
  }
  return undefined
}
