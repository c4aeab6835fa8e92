import type { CancelTimer, Clock } from '../core/clock.ts'

/** A clock whose time advances only when a test says so. */
export interface VirtualClock extends Clock {
  /**
   * Advances time by `ms` milliseconds. Timers fire in order, each at its own time; between them, in-memory work that
   * they started gets to run.
   */
  advance(ms: number): Promise<void>
  /** Steps the wall clock by `ms`, forward or back, as a person or NTP would: timers are unaffected. */
  step(ms: number): void
  /** The number of pending timers. */
  readonly timers: number
}

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Turns of the event loop that work started by a timer may take before the next timer fires. */
const TURNS = 12

/**
 * A clock for tests, which begins at `start` (default 2026-01-01T00:00:00Z).
 *
 * @example
 * ```ts
 * import { virtualClock } from 'tidings/testing'
 *
 * const clock = virtualClock(new Date('2026-03-01T12:00:00Z'))
 * clock.timer(() => console.log('an hour later'), 3_600_000)
 * await clock.advance(3_600_000)
 * ```
 */
export function virtualClock(start: Date = new Date('2026-01-01T00:00:00Z')): VirtualClock {
  // Timers use elapsed time only; the wall clock adds an offset that `step` changes.
  let elapsed = 0
  let offset = start.getTime()
  const timers = new Set<Timer>()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const nextUntil = (end: number): Timer | undefined => {
    let next: Timer | undefined
    for (const timer of timers) if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer
    return next
  }
  return {
    now: () => offset + elapsed,
    timer(run, ms): CancelTimer {
      const timer = { due: elapsed + Math.max(0, ms), run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const end = elapsed + ms
      await settle()
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer)
        elapsed = Math.max(elapsed, timer.due)
        timer.run()
        await settle()
      }
      elapsed = Math.max(elapsed, end)
    },
    step(ms) {
      offset += ms
    },
    get timers() {
      return timers.size
    },
  }
}
