/** A source of numbers from 0 up to 1, without 1: always the same ones for the same seed. */
export type Random = () => number

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state, enough to choose faults. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
