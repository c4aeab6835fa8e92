import { chance } from './chance.ts'

/** The first instant later than `from` that lies a whole number of periods after `anchor`. All in ms. */
export function nextOnGrid(from: number, anchor: number, period: number): number {
  // remainders before the difference: the distance of two far dates is more than a number holds exactly
  const since = modulo(modulo(from, period) - modulo(anchor, period), period)
  return from - since + period
}

/**
 * How far step `k` is from the anchor, when steps are `least` to `most` apart. All are whole numbers; `least + most` is
 * even.
 *
 * Each step lies on a grid of the mean length and is moved back or forth by chance, by at most half of what the length
 * may vary. So no two neighbours are closer than `least` or further than `most`, long gaps make up for short ones, and
 * any step is known without those before it: a restart names the same slots.
 */
export function step(k: number, least: number, most: number, seed: number): number {
  const swing = (most - least) / 2
  const moved = k === 0 ? 0 : Math.floor(chance(seed, k) * (swing + 1)) - Math.floor(swing / 2)
  return k * ((least + most) / 2) + moved
}

/**
 * The first of the rising `slots` 1, 2, 3 … that is later than `from`. `mean` is about how far apart they are, and none
 * is further than two of that from where it should be: so a few looks are enough, at any distance.
 */
export function firstAfter(from: number, anchor: number, mean: number, slotOf: (k: number) => number): number {
  let k = Math.max(1, Math.floor((from - anchor) / mean) - 2)
  while (slotOf(k) <= from) k += 1
  return slotOf(k)
}

/** The remainder that is never negative. */
export function modulo(value: number, period: number): number {
  const rest = value % period
  return rest < 0 ? rest + period : rest
}
