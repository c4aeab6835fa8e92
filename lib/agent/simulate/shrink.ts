import type { Fault } from './faults.ts'

/** The most simulations that a search for fewer faults takes. */
const MOST = 200

/**
 * Finds a small part of these faults that still does harm: leaves out halves, then quarters, down to single ones.
 *
 * @param doesHarm simulates with these faults
 */
export async function fewestFaults(
  faults: readonly Fault[],
  doesHarm: (faults: readonly Fault[]) => Promise<boolean>,
): Promise<readonly Fault[]> {
  let left = faults
  let tries = MOST
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length && tries > 0; ) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)]
      tries -= 1
      if (await doesHarm(fewer)) left = fewer
      else at += size
    }
  }
  return left
}
