import { firstValueFrom, merge, Observable } from 'rxjs'
import { onStop, type Stopping } from './stop.ts'

/** Cancels a timer. Calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void

/**
 * Reads the time and sets timers. Everything that waits or dates takes a clock, so that tests and simulations control
 * the time.
 */
export interface Clock {
  /** The time of the wall clock, in ms since the epoch; it may step back. */
  now(): number
  /** Calls `run` once, `ms` milliseconds from now or soon after; steps of the wall clock don't matter. */
  timer(run: () => void, ms: number): CancelTimer
}

/** The longest wait of `setTimeout`, in ms; it fires at once when asked for a longer one. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1

/** Where the timers of this machine are, also while a simulation replaces the global ones. */
export const real: { timers: Pick<typeof globalThis, (typeof timerNames)[number]> } = { timers: globalThis }

/** The functions for timers. */
export const timerNames = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] as const

/** The clock of this machine. */
export const systemClock: Clock = {
  now: Date.now,
  timer(run, ms) {
    let left = ms
    const wait = (): NodeJS.Timeout => {
      const part = Math.min(left, LONGEST_TIMEOUT)
      left -= part
      return real.timers.setTimeout(() => (left > 0 ? (handle = wait()) : run()), part)
    }
    let handle = wait()
    return () => real.timers.clearTimeout(handle)
  },
}

/** When this process started, in ms since the epoch. */
export function processStart(): number {
  return performance.timeOrigin
}

/** Resolves when `ms` milliseconds of real time have passed. */
export function realPause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.timer(resolve, ms))
}

/** Calls `run` every `ms` milliseconds of real time, without keeping the process alive. */
export function background(run: () => void, ms: number): CancelTimer {
  const timer = real.timers.setInterval(run, ms).unref()
  return () => real.timers.clearInterval(timer)
}

/** The ms since some moment, by a clock that can't be set. For leases, whose other end is another machine. */
export function elapsed(): number {
  return performance.now()
}

const monotonicClocks = new WeakMap<Clock, Clock>()

/**
 * Returns a clock that runs like this one, but continues from where it was when that one steps back. It is for pauses,
 * which must not take two hours longer because the clock was set back by two hours. Returns the same clock for the same
 * clock. Decision 0025.
 */
export function monotonic(clock: Clock): Clock {
  const known = monotonicClocks.get(clock)
  if (known !== undefined) return known
  let ahead = 0
  let last = Number.NEGATIVE_INFINITY
  const made: Clock = {
    now() {
      const shown = clock.now()
      if (shown + ahead < last) ahead = last - shown
      last = shown + ahead
      return last
    },
    timer: (run, ms) => clock.timer(run, ms),
  }
  monotonicClocks.set(clock, made)
  return made
}

/**
 * The longest sleep while waiting for an instant, in ms. Timers ignore steps of the wall clock, and stop while a machine
 * is suspended, so a wait sleeps a little, looks at the wall clock and sleeps again.
 */
export const LONGEST_SLEEP = 30_000

/** A clock that knows when it is stepped, and so can wait for an instant in one sleep. */
export interface SteppedClock extends Clock {
  /** As the function `timerAt`. */
  timerAt(run: () => void, at: number): CancelTimer
}

/** Calls `run` once the wall clock shows `at` (ms since the epoch) or later, and never before the next tick. */
export function timerAt(clock: Clock, at: number, run: () => void): CancelTimer {
  if ('timerAt' in clock) return (clock as SteppedClock).timerAt(run, at)
  let cancel: CancelTimer = () => undefined
  const sleep = (): void => {
    cancel = clock.timer(wake, Math.min(Math.max(at - clock.now(), 0), LONGEST_SLEEP))
  }
  const wake = (): void => {
    if (clock.now() >= at) run()
    else sleep()
  }
  sleep()
  return () => cancel()
}

/** Emits once, when the wall clock shows `at` (ms since the epoch) or later, and completes. */
export function at$(clock: Clock, at: number): Observable<void> {
  return new Observable((subscriber) =>
    timerAt(clock, at, () => {
      subscriber.next()
      subscriber.complete()
    }),
  )
}

/** Emits once, `ms` milliseconds from now, and completes. */
function after$(clock: Clock, ms: number): Observable<void> {
  return new Observable((subscriber) =>
    clock.timer(() => {
      subscriber.next()
      subscriber.complete()
    }, ms),
  )
}

/** Emits once, when the signal aborts, and completes. */
export function aborted$(signal: Stopping): Observable<void> {
  return new Observable((subscriber) =>
    onStop(signal, () => {
      subscriber.next()
      subscriber.complete()
    }),
  )
}

/**
 * Resolves when `ms` milliseconds have passed, or at once when the signal aborts. A wall clock that steps back does not
 * prolong the wait; time for which a machine was suspended counts.
 */
export async function pause(clock: Clock, ms: number, signal: Stopping): Promise<void> {
  await firstValueFrom(merge(after$(clock, ms), at$(clock, clock.now() + ms), aborted$(signal)))
}
