import { rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, TidingsError } from '../core/errors.ts'
import { isOwn, namesIn } from '../log/directory.ts'
import { refuseForeign } from '../log/level-foreign.ts'
import { refuseHeld } from '../log/level-lock.ts'
import { openLog } from '../log/open-log.ts'

/** Whether a directory holds a log. */
export async function holdsLog(directory: string): Promise<boolean> {
  // Beside logs there are files, such as credentials.json.
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) return false
  const names = await namesIn(directory)
  return names.includes('CURRENT') || names.includes('MARK')
}

/** The names in a directory that are no part of a log. */
export async function foreignNames(directory: string): Promise<readonly string[]> {
  return (await namesIn(directory)).filter((name) => !isOwn(name))
}

/**
 * Removes the log in a directory, for good, with everything that was ever told. Files that are no part of it stay.
 *
 * @returns false: the directory is empty, or not there
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (in use), `TIDINGS_LOG_INVALID` (the directory holds something else)
 */
export async function removeLog(directory: string): Promise<boolean> {
  if ((await namesIn(directory)).length === 0) return false
  if (!(await holdsLog(directory))) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${directory} holds no log: nothing is removed from it`, {
      details: { directory },
    })
  }
  await refuseForeign(directory)
  await refuseInUse(directory)
  for (const name of await namesIn(directory)) if (isOwn(name)) await rm(join(directory, name), { recursive: true })
  if ((await namesIn(directory)).length === 0) await rmdir(directory)
  return true
}

// Only who opens it can tell. One that is damaged can't be opened, and is in nobody's use.
async function refuseInUse(directory: string): Promise<void> {
  await refuseHeld(directory)
  try {
    const log = await openLog(directory, { warn: () => undefined })
    await log.close()
  } catch (error) {
    if (hasCode(error, 'TIDINGS_LOG_LOCKED')) throw error
  }
}
