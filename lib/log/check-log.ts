import { describe, TidingsError } from '../core/errors.ts'
import type { Log } from './port.ts'

/**
 * Rejects anything but a log, such as the promise of one, where it is passed; otherwise the error would come later and
 * elsewhere. `caller` names the function that needs the log.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function checkLog(log: Log, caller: string): void {
  if (typeof (log as Partial<Log> | undefined)?.accept === 'function') return
  const expected = `${caller} needs a log, such as await openLog(directory)`
  throw new TidingsError('TIDINGS_LOG_INVALID', `${expected}, got ${describe(log)}`)
}
