import { isPark, retryAfter } from '../core/control.ts'
import { asError } from '../core/errors.ts'
import { hashShare } from '../core/hash.ts'
import type { Listener } from '../listener/listener.ts'
import type { Handed, Writes } from '../log/port.ts'

/** How one delivery ended. `after`: in ms. */
export type DeliveryOutcome =
  | { readonly end: 'ack'; readonly writes: Writes }
  | { readonly end: 'retry'; readonly error: Error; readonly after: number }
  | { readonly end: 'park'; readonly error: Error }

/** The outcome of a failed attempt. */
export function failureOutcome(listener: Listener, { event, attempt }: Handed, thrown: unknown): DeliveryOutcome {
  const { name, settings } = listener
  const error = asError(thrown)
  if (isPark(thrown) || attempt >= settings.attempts) return { end: 'park', error }
  const key = `${name}\0${event.type}\0${event.identifier}\0${event.seq}`
  return { end: 'retry', error, after: retryAfter(thrown) ?? backoff(attempt, settings.backoff, key) }
}

/**
 * The delay after a failed attempt, in ms: doubles from `min` to `max`, less up to a half. The reduction is a hash of
 * `key` and attempt: events that fail together are retried apart, and a repeated simulation has the same delays.
 */
export function backoff(
  attempt: number,
  { min, max }: { readonly min: number; readonly max: number },
  key: string,
): number {
  const whole = Math.min(max, min * 2 ** Math.min(attempt - 1, 52))
  return Math.round(whole * (1 - hashShare(`${key}\0${attempt}`) / 2))
}
