import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, TidingsError } from '../../core/errors.ts'
import { openLog } from '../../level/open-log.ts'
import { refuseLocked } from '../../level/store/directory-lock.ts'
import { refuseForeignFolder } from '../../level/store/foreign-folder.ts'
import { holdsLog, isLogFile, namesIn } from '../../level/store/log-files.ts'

/** The names in a directory that do not belong to a log. */
export async function foreignNames(directory: string): Promise<readonly string[]> {
  return (await namesIn(directory)).filter((name) => !isLogFile(name))
}

/**
 * Removes the log in a directory, permanently, with all its events. Files that do not belong to it stay.
 *
 * @returns false if the directory is empty or missing
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (in use), `TIDINGS_LOG_INVALID` (the directory holds something else)
 */
export async function removeLog(directory: string): Promise<boolean> {
  if ((await namesIn(directory)).length === 0) return false
  if (!(await holdsLog(directory))) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${directory} holds no log: nothing is removed from it`, {
      details: { directory },
    })
  }
  await refuseForeignFolder(directory)
  await refuseInUse(directory)
  for (const name of await namesIn(directory)) if (isLogFile(name)) await rm(join(directory, name), { recursive: true })
  if ((await namesIn(directory)).length === 0) await rmdir(directory)
  return true
}

// Only opening the log shows whether it is in use. A damaged log can't be opened, so it is not in use.
async function refuseInUse(directory: string): Promise<void> {
  await refuseLocked(directory)
  try {
    const log = await openLog(directory, { warn: () => undefined })
    await log.close()
  } catch (error) {
    if (hasCode(error, 'TIDINGS_LOG_LOCKED')) throw error
  }
}
