import type { Publish, State } from '../core/context.ts'
import { defined } from '../core/defined.ts'
import type { Environment } from '../core/environment.ts'
import type { StoredEvent } from '../core/event.ts'
import { hash } from '../core/hash.ts'
import type { Delivery } from '../listener/listener.ts'
import type { Handed } from '../log/port.ts'

/** The attempt that a delivery belongs to. Costly members are created when they are first read. */
export interface DeliverySource {
  readonly handed: Handed
  /** The events of its digest; undefined if it is about one event. */
  readonly batch: readonly StoredEvent[] | undefined
  readonly environment: Environment
  /** The id of the log. */
  readonly log: string
  /** The name of the listener. */
  readonly listener: string
  readonly state: State
  readonly publish: Publish
  readonly signal: AbortSignal
  /** Fetches, and records that. */
  readonly fetch: Environment['fetch']
  /** Runs a program that ends with the delivery, and records that. */
  readonly exec: Environment['exec']
}

/**
 * What a handler receives besides one value. All members are getters of the prototype, so that creating one costs
 * nothing: most handlers read none of them, and the signal, the key and `exec` cost more than the delivery itself.
 */
export class ValueDelivery implements Delivery {
  readonly #source: DeliverySource
  readonly #index: number

  constructor(source: DeliverySource, index: number) {
    this.#source = source
    this.#index = index
  }

  get event(): StoredEvent {
    return this.#source.handed.event
  }

  get events(): readonly StoredEvent[] {
    return this.#source.batch ?? [this.event]
  }

  get attempt(): number {
    return this.#source.handed.attempt
  }

  get index(): number {
    return this.#index
  }

  get key(): string {
    const { log, listener, handed } = this.#source
    return deliveryKey(defined({ log, listener, event: handed.event, index: this.#index, replay: handed.replay }))
  }

  get signal(): AbortSignal {
    return this.#source.signal
  }

  get publish(): Publish {
    return this.#source.publish
  }

  get state(): State {
    return this.#source.state
  }

  get exec(): Environment['exec'] {
    return this.#source.exec
  }

  get fetch(): Environment['fetch'] {
    return this.#source.fetch
  }

  get now(): Environment['now'] {
    return this.#source.environment.now
  }

  get logger(): Environment['logger'] {
    return this.#source.environment.logger
  }

  get secret(): Environment['secret'] {
    return this.#source.environment.secret
  }
}

/** Identifies one value for one listener: the same for every attempt. */
export interface KeyParts {
  readonly log: string
  readonly listener: string
  readonly event: StoredEvent
  readonly index: number
  readonly replay?: number
}

/**
 * A digest formatted as a UUID (version 8, RFC 9562: custom), for services that take an idempotency key. It excludes
 * the seq: an event that was forgotten and told again has the same key.
 */
export function deliveryKey({ log, listener, event, index, replay = 0 }: KeyParts): string {
  const parts = [log, listener, event.type, event.identifier, event.revision ?? 0, index, replay]
  const bytes = hash(JSON.stringify(parts)).subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
