import { promisify } from 'node:util'
import { type CancelTimer, type Clock, LONGEST_TIMEOUT, real, timerNames } from '../../core/clock.ts'

/** What `setTimeout` and `setInterval` return meanwhile: it does what users do with a `NodeJS.Timeout`. */
class SimulatedTimer {
  readonly #clock: Clock
  readonly #run: () => void
  readonly #ms: number
  readonly #repeats: boolean
  #cancel: CancelTimer = () => undefined

  constructor(clock: Clock, run: () => void, ms: unknown, repeats: boolean) {
    const wait = Number(ms)
    this.#clock = clock
    this.#run = run
    // As Node has it.
    this.#ms = wait >= 1 && wait <= LONGEST_TIMEOUT ? wait : 1
    this.#repeats = repeats
    this.refresh()
  }

  refresh(): this {
    this.#cancel()
    this.#cancel = this.#clock.timer(() => {
      if (this.#repeats) this.refresh()
      this.#run()
    }, this.#ms)
    return this
  }

  close(): this {
    this.#cancel()
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

/**
 * Runs `work` while the global timers of this process wait for the time of a clock, so that libraries and RxJS operators
 * wait for it too. Timers of before are not touched, nor are those of `node:timers`.
 */
export async function withSimulatedTimers<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const own = Object.fromEntries(timerNames.map((name) => [name, globalThis[name]])) as typeof real.timers
  const set =
    (repeats: boolean) =>
    (run: (...given: readonly unknown[]) => void, ms?: unknown, ...given: readonly unknown[]): SimulatedTimer =>
      new SimulatedTimer(clock, () => run(...given), ms, repeats)
  const clear =
    (name: 'clearTimeout' | 'clearInterval') =>
    (timer: unknown): void => {
      if (timer instanceof SimulatedTimer) timer.close()
      else own[name](timer as NodeJS.Timeout)
    }
  const wait = <V>(ms?: number, value?: V): Promise<V | undefined> =>
    new Promise((resolve) => void new SimulatedTimer(clock, () => resolve(value), ms, false))
  const simulated = {
    setTimeout: Object.assign(set(false), { [promisify.custom]: wait }),
    setInterval: set(true),
    clearTimeout: clear('clearTimeout'),
    clearInterval: clear('clearInterval'),
  }
  const before = real.timers
  real.timers = own
  Object.assign(globalThis, simulated)
  try {
    return await work()
  } finally {
    real.timers = before
    // If other code has replaced one meanwhile, that code restores its own.
    for (const name of timerNames)
      if (globalThis[name] === (simulated[name] as unknown)) Object.assign(globalThis, { [name]: own[name] })
  }
}
