/**
 * A number from 0 to below 1 that looks random but is the same for the same question: the finaliser of MurmurHash3,
 * over the two halves of the seed and of the index.
 */
export function chance(seed: number, index: number): number {
  let hash = 0
  for (const part of [seed, seed / 2 ** 32, index, index / 2 ** 32]) hash = mix(hash ^ Math.floor(part))
  return hash / 2 ** 32
}

function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
