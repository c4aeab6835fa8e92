import { hashShare } from '../core/hash.ts'

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
  const share = hashShare(`${key}\0${attempt}`)
  return Math.round(whole * (1 - share / 2))
}
