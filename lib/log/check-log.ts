import { describe, TidingsError } from '../core/errors.ts'
import type { Log } from './port.ts'

/**
 * Rejects anything but a log, such as the promise of one, where it is passed: otherwise the error comes late, far away.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function checkLog(log: Log, who: string): void {
  if (typeof (log as Partial<Log> | undefined)?.accept === 'function') return
  const expected = `${who} needs a log, such as await openLog(directory)`
  throw new TidingsError('TIDINGS_LOG_INVALID', `${expected}, got ${describe(log)}`)
}
