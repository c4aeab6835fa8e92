import type { Clock } from '../core/clock.ts'

/** Resolves to whether work has ended in this time, in ms; rejects when it failed. What takes longer is left behind. */
export function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(() => resolve(false), ms)
    work.then(() => resolve(true), reject).finally(cancel)
  })
}
