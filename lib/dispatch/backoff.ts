import { createHash } from 'node:crypto'

/**
 * How long to wait after a failed attempt, in ms: doubling from `min` to `max`, less up to a half. The part that is
 * taken off is a hash of `key` and attempt: events that failed together come back apart, and a simulation that is run
 * again waits as long as before.
 */
export function backoff(
  attempt: number,
  { min, max }: { readonly min: number; readonly max: number },
  key: string,
): number {
  const whole = Math.min(max, min * 2 ** Math.min(attempt - 1, 52))
  const share = createHash('sha256').update(`${key}\0${attempt}`).digest().readUInt32BE(0) / 2 ** 32
  return Math.round(whole * (1 - share / 2))
}
