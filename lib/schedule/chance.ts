/**
 * A number from 0 to below 1 that looks random but is the same for the same seed: the finaliser of MurmurHash3, over the
 * two halves of a whole number.
 */
export function chance(seed: number): number {
  return mix(mix(seed) ^ Math.floor(seed / 2 ** 32)) / 2 ** 32
}

function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
