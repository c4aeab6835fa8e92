import { type Clock, elapsed, systemClock } from '../core/clock.ts'

/** The clock of a log that several machines share. */
export type LogClock = Clock

/** The time of the server, as far as it is known here. A clock of this machine that is wrong, or is set, does not matter. */
export class ServerTime {
  /** The time of the server when `elapsed` was 0, in ms. */
  #origin: number | undefined

  /** The server said `now` after `asked` and before this moment, by `elapsed`. */
  heard(now: number, asked: number): void {
    const answered = elapsed()
    const origin = now - (asked + answered) / 2
    // A slow answer says little: it does not replace a better one that fits to it.
    if (this.#origin === undefined || Math.abs(origin - this.#origin) > (answered - asked) / 2 + 1)
      this.#origin = origin
  }

  readonly clock: LogClock = {
    now: () => Math.round((this.#origin ?? 0) + elapsed()),
    timer: (run, ms) => systemClock.timer(run, ms),
  }
}
