import type { Publish, State } from '../core/context.ts'
import type { Environment } from '../core/environment.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Delivery, Handler } from '../listener/listener.ts'
import type { Handed } from '../log/port.ts'
import { deliveryKey } from './delivery-key.ts'

/** The source of everything that a handler receives besides its value. */
export interface DeliveryParts {
  readonly environment: Environment
  readonly handed: Handed
  readonly state: State
  readonly publish: Publish
  /** The id of the log, and the name of the listener. */
  readonly log: string
  readonly listener: string
  signal(): AbortSignal
  /** Runs a program that ends with the delivery. */
  exec: Environment['exec']
}

/** The delivery of one value. `signal` and `key` are lazy: few handlers use them, and both are costly. */
class OwnDelivery implements Delivery {
  readonly event: StoredEvent
  readonly attempt: number
  readonly index: number
  readonly state: State
  readonly publish: Publish
  readonly fetch: Environment['fetch']
  readonly exec: Environment['exec']
  readonly now: Environment['now']
  readonly logger: Environment['logger']
  readonly secret: Environment['secret']
  readonly #parts: DeliveryParts

  constructor(parts: DeliveryParts, index: number) {
    const { handed, environment } = parts
    this.event = handed.event
    this.attempt = handed.attempt
    this.index = index
    this.state = parts.state
    this.publish = parts.publish
    this.fetch = environment.fetch
    this.exec = (...program) => parts.exec(...program)
    this.now = environment.now
    this.logger = environment.logger
    this.secret = environment.secret
    this.#parts = parts
  }

  get signal(): AbortSignal {
    return this.#parts.signal()
  }

  get key(): string {
    const { log, listener, handed } = this.#parts
    const { event, replay } = handed
    return deliveryKey({ log, listener, event, index: this.index, ...(replay === undefined ? {} : { replay }) })
  }
}

const { signal, key } = Object.getOwnPropertyDescriptors(OwnDelivery.prototype)
const OWN = { signal: { ...signal, enumerable: true }, key: { ...key, enumerable: true } } as PropertyDescriptorMap

/** An arrow with at most one parameter, no default and no rest: only such a handler cannot read its delivery. */
const ONE_VALUE = /^(?:async\b\s*)?(?:[\w$]+|\(\s*(?:[\w$]*|\{[^{}=.]*\})\s*,?\s*\))\s*=>/

/** Whether a handler may read its delivery. Most do not, so none is created for them. */
export function looksAtDelivery(handle: Handler): boolean {
  // `Function.prototype.toString`, because a mock or proxy may have its own `toString` or none.
  return !ONE_VALUE.test(Function.prototype.toString.call(handle))
}

/** The delivery for the value at `index`. A copy `{ ...delivery }` keeps all members. */
export function delivery(parts: DeliveryParts, index: number): Delivery {
  return Object.defineProperties(new OwnDelivery(parts, index), OWN)
}
