import { randomOf } from '../../lib/agent/simulate/random.ts'

/** Pseudo-random numbers from 0 up to but not including `below`; a seed always yields the same ones. */
export type Random = (below: number) => number

export function random(seed: number): Random {
  const next = randomOf(seed)
  return (below) => Math.floor(next() * below)
}
