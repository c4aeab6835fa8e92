import type { Clock } from '../../core/clock.ts'

/** Resolves to whether the work ends within `ms`; rejects if it fails. Does not wait for work that takes longer. */
export function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(() => resolve(false), ms)
    work.then(() => resolve(true), reject).finally(cancel)
  })
}
