import { isPark, retryAfter } from '../core/control.ts'
import { asError } from '../core/errors.ts'
import type { Listener } from '../listener/listener.ts'
import type { Handed, Writes } from '../log/port.ts'
import { backoff } from './backoff.ts'

/** How one delivery ended. `after`: in ms. */
export type DeliveryOutcome =
  | { readonly end: 'ack'; readonly writes: Writes }
  | { readonly end: 'retry'; readonly error: Error; readonly after: number }
  | { readonly end: 'park'; readonly error: Error }

/** The outcome of a failed attempt. */
export function failed({ name, settings }: Listener, { event, attempt }: Handed, thrown: unknown): DeliveryOutcome {
  const error = asError(thrown)
  if (isPark(thrown) || attempt >= settings.attempts) return { end: 'park', error }
  const key = `${name}\0${event.type}\0${event.identifier}\0${event.seq}`
  return { end: 'retry', error, after: retryAfter(thrown) ?? backoff(attempt, settings.backoff, key) }
}
