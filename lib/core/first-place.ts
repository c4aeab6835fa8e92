/**
 * Returns the first place, from `start` on, of an element that `isBefore` rejects; all that it accepts come first. The
 * length of the list if it rejects none.
 */
export function firstPlace<T>(sorted: readonly T[], isBefore: (each: T) => boolean, start = 0): number {
  let low = start
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(sorted[middle] as T)) low = middle + 1
    else high = middle
  }
  return low
}
