/** The first instant later than `from` that is a whole number of periods after `anchor`. All in ms. */
function nextOnGrid(from: number, anchor: number, period: number): number {
  // Remainders before the difference: the distance of two far dates is more than a number holds exactly.
  const since = modulo(modulo(from, period) - modulo(anchor, period), period)
  return from - since + period
}

/** After this many gaps, a mark is where it would be if every gap were the mean. */
const GAPS = 1000

/**
 * The first mark later than `from`. Marks are `least` to `most` apart, counted from the anchor; all are whole numbers.
 *
 * If gaps vary, each is drawn from a hash of the mark before it, so that a restart gives the same slots. Every thousandth
 * mark is where the mean puts it, so that any mark can be computed without a walk from the anchor. The marks before it
 * draw from the gaps that can still lead there, with some to spare, so that not only the extremes are left at the end
 * (decision 0014).
 */
export function nextMark(from: number, anchor: number, least: number, most: number): number {
  if (least === most) return nextOnGrid(from, anchor, least)
  const stretch = (GAPS / 2) * (least + most)
  let mark = anchor + Math.floor((from - anchor) / stretch) * stretch
  const end = mark + stretch
  const spare = Math.floor((most - least) / 4)
  for (let rest = GAPS - 1; mark <= from; rest--) {
    const low = Math.max(mark + least, end - rest * (most - spare))
    const high = Math.min(mark + most, end - rest * (least + spare))
    mark = low + Math.floor(chance(mark) * (high - low + 1))
  }
  return mark
}

/** The remainder, never negative. */
export function modulo(value: number, period: number): number {
  const rest = value % period
  return rest < 0 ? rest + period : rest
}

/**
 * A number from 0 to below 1 that looks random but is the same for the same seed: the finaliser of MurmurHash3, over the
 * two halves of a whole number (decision 0019).
 */
function chance(seed: number): number {
  return mix(mix(seed) ^ Math.floor(seed / 2 ** 32)) / 2 ** 32
}

function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
