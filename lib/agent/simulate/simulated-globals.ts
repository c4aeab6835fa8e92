/** Runs `work` while `Date` and `Math.random` of this process show simulated time and chance. */
export async function withSimulatedGlobals<T>(
  now: () => number,
  random: () => number,
  work: () => Promise<T>,
): Promise<T> {
  const real = globalThis.Date
  const chance = Object.getOwnPropertyDescriptor(Math, 'random') as PropertyDescriptor
  class SimulatedDate extends real {
    constructor(...given: readonly unknown[]) {
      if (given.length === 0) super(now())
      else if (given.length === 1) super(given[0] as number)
      else super(...(given as [number]))
    }

    static override now(): number {
      return now()
    }

    // Dates from before the simulation are dates too.
    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof real
    }
  }
  // What `value.constructor` shows, and `Date()` without `new`, stay those of the real one.
  globalThis.Date = SimulatedDate as unknown as DateConstructor
  Object.defineProperty(Math, 'random', { ...chance, value: random })
  try {
    return await work()
  } finally {
    if (globalThis.Date === (SimulatedDate as unknown)) globalThis.Date = real
    Object.defineProperty(Math, 'random', chance)
  }
}
