import { holdsLog, openExisting } from '../../lib/cli.ts'
import { type Log, memoryLog, openLog } from '../../lib/index.ts'
import { isPostgres } from '../../lib/log-places.ts'

/**
 * Opens a view of the log in a folder, which is not written to; an empty log if the folder has no log, or without a folder.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` while an agent runs on it
 */
export async function openDry(
  directory: string | undefined,
  warn: (message: string) => void = () => undefined,
): Promise<Log> {
  if (directory !== undefined && isPostgres(directory)) return openExisting(directory, { warn })
  if (directory === undefined || !(await holdsLog(directory))) return memoryLog({ warn })
  return openLog(directory, { warn, readOnly: true })
}
