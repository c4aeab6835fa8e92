import { setMaxListeners } from 'node:events'
import { checkText } from '../core/limits.ts'
import type { Log } from './port.ts'

/**
 * The right to do what only one of the agents on a log may do at a time, such as driving a job. Where one process owns the
 * log, it is given at once and never lost.
 *
 * ```
 *   Log.hold ──► waits while another agent has it ──► held ──► release()          the next one gets it
 *                                                      ├──► wanted aborts         finish, then release
 *                                                      └──► lost aborts           stop: another agent may have it
 * ```
 */
export interface Hold {
  /**
   * The log, for all that is written under the hold. Once the hold is lost or released, each write rejects with
   * `TIDINGS_LOG_CLOSED` and stores nothing: the log checks this in the transaction of the write.
   */
  readonly log: Log
  /** Aborts when another agent may have it. */
  readonly lost: AbortSignal
  /** Aborts when another agent should have it: its work is to end, and then `release` to be called. */
  readonly wanted: AbortSignal
  /** Gives it back, so that another agent gets it at once. Calling it again, or after it was lost, does nothing. */
  release(): Promise<void>
}

/** The limit for names, the same as for identifiers. */
const MOST_BYTES = 1024

/** @throws TidingsError `TIDINGS_LOG_INVALID` for a name that a hold can't have */
export function checkHold(name: unknown): string {
  return checkText(name, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the name of a hold')
}

/** The hold on what no one else can have. */
export function heldForEver(log: Log): Hold {
  return { log, lost: never, wanted: never, release: async () => undefined }
}

/** Never aborts. Everything that runs under a hold listens to it; Node reports more than ten listeners as a leak. */
const never = new AbortController().signal
setMaxListeners(0, never)
