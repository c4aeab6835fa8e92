import type { StoredEvent } from '../core/event.ts'
import { hash } from '../core/hash.ts'

/** The identity of one value for one listener: the same for every attempt. */
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
