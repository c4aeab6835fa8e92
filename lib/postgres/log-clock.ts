import { type Clock, systemClock } from '../core/clock.ts'

/** The clock of a log that several machines share. */
export type LogClock = Clock

/** The clock of the server, as far as it is known here: this machine's, moved by the difference that was measured. */
export function serverClock(ahead: () => number): LogClock {
  return { now: () => systemClock.now() + ahead(), timer: (run, ms) => systemClock.timer(run, ms) }
}
