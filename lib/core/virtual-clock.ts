import { type CancelTimer, type Clock, LONGEST_SLEEP, realPause, type SteppedClock, systemClock } from './clock.ts'
import { type Duration, parseDuration } from './duration.ts'
import { describe, TidingsError } from './errors.ts'

/** A clock whose time advances only when a test says so. */
export interface VirtualClock extends Clock {
  /**
   * Advances time by a duration, in ms or as `'1h'`. Timers fire in order, each at its own time; before each, the work
   * that the last one started comes to rest, however many turns of the event loop that takes. Work that never rests does
   * not stop time.
   *
   * @throws TidingsError `TIDINGS_DURATION_INVALID`
   */
  advance(duration: Duration): Promise<void>
  /**
   * Steps the wall clock by `ms`, forward or back, as a person or NTP would: timers are unaffected.
   *
   * @throws TidingsError `TIDINGS_DURATION_INVALID` for something other than a number
   */
  step(ms: number): void
  /** The number of pending timers. */
  readonly timers: number
}

/**
 * A clock for tests, which begins at `start` (default 2026-01-01T00:00:00Z).
 *
 * @throws TypeError when `start` is not a valid Date
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
  if (!(start instanceof Date) || Number.isNaN(start.getTime()))
    throw new TypeError(`virtualClock() needs a valid Date to start at, got ${describe(start)}`)
  return new SteppingClock(start.getTime())
}

/** A timer. `at`: it waits for the wall clock to show this, and has slept since `since`. */
class Timer {
  due: number
  since: number
  pending = true
  readonly id: number
  readonly run: () => void
  readonly at: number | undefined

  constructor(id: number, run: () => void, since: number, due: number, at?: number) {
    this.id = id
    this.run = run
    this.since = since
    this.due = due
    this.at = at
  }
}

/*
 * Timers use elapsed time only; the wall clock adds an offset that `step` changes.
 *
 * A timer for an instant of the wall clock sleeps 30 s at a time (`timerAt`), to notice steps. Here a step is known, so
 * the naps are left out until there is one: then the timer looks at the wall clock when its nap would have ended.
 */
class SteppingClock implements VirtualClock, SteppedClock {
  #elapsed = 0
  #offset: number
  #ids = 0
  #pending = 0
  /** A binary heap by due time, then by the order in which timers were set. Cancelled timers stay until they are due. */
  readonly #heap: Timer[] = []
  #advances = 0

  constructor(start: number) {
    this.#offset = start
  }

  get timers(): number {
    return this.#pending
  }

  // As values, since a clock is often made of the parts of another.
  readonly now = (): number => this.#offset + this.#elapsed

  readonly timer = (run: () => void, ms: number): CancelTimer =>
    this.#set(new Timer(this.#ids++, run, this.#elapsed, this.#elapsed + Math.max(0, ms)))

  timerAt(run: () => void, at: number): CancelTimer {
    return this.#set(new Timer(this.#ids++, run, this.#elapsed, this.#elapsed + Math.max(0, at - this.now()), at))
  }

  async advance(duration: Duration): Promise<void> {
    const what = 'advance() of a virtual clock'
    const end = this.#elapsed + (typeof duration === 'number' ? finite(duration, what) : parseDuration(duration, what))
    this.#advances += 1
    try {
      await atRest(this)
      for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
        this.#elapsed = Math.max(this.#elapsed, timer.due)
        if (timer.at !== undefined && this.now() < timer.at) {
          this.#sleep(timer, timer.at)
          continue
        }
        timer.pending = false
        this.#pending -= 1
        timer.run()
        await atRest(this)
      }
      this.#elapsed = Math.max(this.#elapsed, end)
    } finally {
      this.#advances -= 1
    }
  }

  step(ms: number): void {
    this.#offset += finite(ms, 'step() of a virtual clock')
    const waiting = this.#heap.filter((timer) => timer.pending)
    this.#heap.length = 0
    for (const timer of waiting) {
      if (timer.at !== undefined) {
        const naps = Math.floor((this.#elapsed - timer.since) / LONGEST_SLEEP) + 1
        timer.due = Math.min(timer.due, timer.since + naps * LONGEST_SLEEP)
      }
      this.#push(timer)
    }
  }

  /** Whether time passes: an `advance` is under way. */
  get advancing(): boolean {
    return this.#advances > 0
  }

  #set(timer: Timer): CancelTimer {
    this.#pending += 1
    this.#push(timer)
    return () => {
      if (timer.pending) this.#pending -= 1
      timer.pending = false
    }
  }

  #sleep(timer: Timer, at: number): void {
    timer.since = this.#elapsed
    timer.due = this.#elapsed + at - this.now()
    this.#push(timer)
  }

  #next(end: number): Timer | undefined {
    for (;;) {
      const [first] = this.#heap
      if (first === undefined || (first.pending && first.due > end)) return undefined
      this.#pop()
      if (first.pending) return first
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] as Timer
      if (!isBefore(timer, above)) break
      heap[place] = above
      place = parent
    }
    heap[place] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Timer
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1
      if (!isBefore(heap[child] as Timer, last)) break
      heap[place] = heap[child] as Timer
      place = child
    }
    heap[place] = last
  }
}

// A time that is not a number is never over: the timers of an agent would fire for ever.
function finite(ms: number, what: string): number {
  if (Number.isFinite(ms)) return ms
  const words = `${what}: expected a number of milliseconds, got ${describe(ms)}`
  throw new TidingsError('TIDINGS_DURATION_INVALID', words, { details: { what, value: ms } })
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.due < other.due || (one.due === other.due && one.id < other.id)
}

/** The turns of the event loop after which work counts as endless, and how many it gets from then on until it rests. */
const TURNS = { most: 24, endless: 12 }

/**
 * How long to look at each turn for the end of a request to the file system, and how long to wait for it at most, in ms
 * of real time: to sync a file takes long on a busy disk.
 */
const DISK = { often: 5, most: 2000 }

/** How long to wait for a call to the world, in ms of real time: it may wait for the clock itself. */
const PATIENCE = 100

/** How long to wait for a program, in ms of real time. */
export const PROGRAM_PATIENCE = 10_000

/** The calls to the world that have no answer yet, by clock, each with the time until which it is waited for. */
const callsOf = new WeakMap<Clock, Map<Promise<unknown>, number>>()

/**
 * Makes `advance` of a virtual clock wait for a call to the world: what happens in it may take threads, programs and
 * sockets, which the event loop does not show.
 *
 * @param patience how long, in ms of real time
 */
export function during<T>(clock: Clock, call: Promise<T>, patience = PATIENCE): Promise<T> {
  if (!(clock instanceof SteppingClock)) return call
  const calls = callsOf.get(clock) ?? new Map<Promise<unknown>, number>()
  callsOf.set(clock, calls)
  calls.set(call, systemClock.now() + patience)
  const ended = (): void => void calls.delete(call)
  void Promise.resolve(call).then(ended, ended)
  return call
}

/** How often it is looked whether a clock stands still, in ms of real time. */
const LOOK = 100

/** After how much real time a clock stands still, in ms: before the limits of 5 s that test runners have. */
export const STANDSTILL = 4000

/**
 * Calls `run` once a virtual clock has not moved for `STANDSTILL`, while no call to the world is waited for. Never, with
 * any other clock: those move by themselves. What does not happen then happens only when the clock is advanced.
 */
export function onStandstill(clock: Clock, run: () => void): CancelTimer {
  if (!(clock instanceof SteppingClock)) return () => undefined
  let shown = clock.now()
  let left = STANDSTILL / LOOK
  // A process that was stopped for long, or is slow, gets as many turns of the event loop as another.
  const look = (): void => {
    const real = systemClock.now()
    const calls = callsOf.get(clock)?.values() ?? []
    const isMoving = clock.advancing || clock.now() !== shown || [...calls].some((until) => until > real)
    left = isMoving ? STANDSTILL / LOOK : left - 1
    shown = clock.now()
    if (left > 0) cancel = systemClock.timer(look, LOOK)
    else run()
  }
  let cancel = systemClock.timer(look, LOOK)
  return () => cancel()
}

/** Waits for no call any more that has no answer yet. */
export function forgetCalls(clock: Clock): void {
  callsOf.get(clock)?.clear()
}

/**
 * Resolves when nothing but a timer, or the outside, can make this process go on.
 *
 * Node runs all microtasks before each callback of `setImmediate`. So if, in such a callback, no other one is pending,
 * and no request to the file system, then all work in memory has ended or waits. There is no number of turns to guess,
 * except for work that never rests, such as a run that publishes until its timeout: there time has to go on.
 */
async function atRest(clock: Clock): Promise<void> {
  await loopAtRest()
  const calls = callsOf.get(clock)
  while (calls !== undefined && calls.size > 0) {
    const now = systemClock.now()
    for (const [call, until] of calls) if (until <= now) calls.delete(call)
    if (calls.size > 0) await realPause(1)
    await loopAtRest()
  }
}

let resting: Promise<void> | undefined
let left = TURNS.most

// All who wait share one wait: else each would take the others' callbacks for work.
function loopAtRest(): Promise<void> {
  resting ??= new Promise((resolve) => {
    let since: number | undefined
    const look = (): void => {
      const { isTurning, requests } = pendingWork()
      abandoned = Math.min(abandoned, requests)
      // The disk takes its time, in which many turns may pass.
      if (!isTurning && requests > abandoned) {
        const now = systemClock.now()
        since ??= now
        if (now - since < DISK.often) return void setImmediate(look)
        if (now - since < DISK.most) return void systemClock.timer(look, 1)
        abandoned = requests
      }
      since = undefined
      left -= 1
      if (isTurning && left > 0) return void setImmediate(look)
      left = isTurning ? TURNS.endless : TURNS.most
      resting = undefined
      resolve()
    }
    setImmediate(look)
  })
  return resting
}

/** How many requests to the file system are not waited for any more: one may open a pipe without a writer. */
let abandoned = 0

function pendingWork(): { readonly isTurning: boolean; readonly requests: number } {
  let [isTurning, requests] = [false, 0]
  for (const name of process.getActiveResourcesInfo()) {
    isTurning ||= name === 'Immediate'
    if (name.startsWith('FSReq') || name === 'CloseReq') requests += 1
  }
  return { isTurning, requests }
}
