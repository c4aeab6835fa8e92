import type { Publish, State } from '../core/context.ts'
import type { Environment } from '../core/environment.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Delivery, Handler } from '../listener/listener.ts'
import type { Handed } from '../log/port.ts'
import { deliveryKey } from './delivery-key.ts'

/** What the handler is given beside its value comes from here. */
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

/** What one handler is given beside one value. Few ask for its signal or its key, and both cost something. */
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

/** An arrow with at most one parameter, without a default or a rest: nothing else surely can't get at its delivery. */
const ONE_VALUE = /^(?:async\b\s*)?(?:[\w$]+|\(\s*(?:[\w$]*|\{[^{}=.]*\})\s*,?\s*\))\s*=>/

/** Whether a handler may look at its delivery: most do not, and need none to be made. */
export function looksAtDelivery(handle: Handler): boolean {
  // A stand-in for a handler may tell its own words, or none.
  return !ONE_VALUE.test(Function.prototype.toString.call(handle))
}

/** The delivery for the value at `index`. A copy of it, `{ ...delivery }`, has all of it too. */
export function delivery(parts: DeliveryParts, index: number): Delivery {
  return Object.defineProperties(new OwnDelivery(parts, index), OWN)
}
