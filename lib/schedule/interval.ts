import { chance } from './chance.ts'

/** The first instant later than `from` that lies a whole number of periods after `anchor`. All in ms. */
export function nextOnGrid(from: number, anchor: number, period: number): number {
  // remainders before the difference: the distance of two far dates is more than a number holds exactly
  const since = modulo(modulo(from, period) - modulo(anchor, period), period)
  return from - since + period
}

/**
 * How far step `k` is from the anchor, when steps are `least` to `most` apart. All are whole numbers, and `least + most`
 * is even.
 *
 * Steps lie on a grid of their mean length, and each is late by chance, by at most half of what the length may vary. So
 * no two neighbours are closer than `least` or further than `most`, long gaps make up for short ones, and any step is
 * known without those before it: a restart names the same slots.
 */
export function step(k: number, least: number, most: number, seed: number): number {
  const latest = (most - least) / 2
  return k * ((least + most) / 2) + Math.floor(chance(seed, k) * (latest + 1))
}

/**
 * The first of the rising slots 1, 2, 3 … that is later than `from`. They are about `mean` apart, and none is late by
 * twice that (by less than one for chance and for a time within its unit, and by an hour that clocks leave out): so a
 * few looks are enough at any distance.
 */
export function firstAfter(from: number, anchor: number, mean: number, slotOf: (k: number) => number): number {
  let k = Math.max(1, Math.floor((from - anchor) / mean) - 1)
  while (slotOf(k) <= from) k += 1
  return slotOf(k)
}

/** The remainder that is never negative. */
export function modulo(value: number, period: number): number {
  const rest = value % period
  return rest < 0 ? rest + period : rest
}
