import { setMaxListeners } from 'node:events'
import { checkText } from '../core/limits.ts'
import type { Hold } from './port.ts'

/** The limit for names, the same as for identifiers. */
const MOST_BYTES = 1024

/** @throws TidingsError `TIDINGS_LOG_INVALID` for a name that a hold can't have */
export function checkHold(name: unknown): string {
  return checkText(name, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the name of a hold')
}

/** Never aborts. Everything that runs under a hold listens to it; Node reports more than ten listeners as a leak. */
const never = new AbortController().signal
setMaxListeners(0, never)

/** The hold on what no other agent can have. */
export const HELD_FOR_EVER: Hold = { lost: never, wanted: never, release: async () => undefined }
