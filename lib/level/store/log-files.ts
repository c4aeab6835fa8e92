import { existsSync } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * LevelDB's files, the owner file of the process that has the log open, MARK, FILTER, KEPT, the socket of the agent that
 * runs on the log, and the tokens of its page.
 */
const LOG_FILE =
  /^(\d+\.(ldb|sst|log|dbtmp)|CURRENT|LOCK|OWNER-[0-9a-z]+-[0-9a-f]+|LOG(\.old)?|MANIFEST-\d+|MARK(\..*)?|FILTER(\.new)?|KEPT(\.new)?|.*\.sock|ui-token(-read-only)?(\.\d+)?)$/

/** Whether a file of this name is part of a log. */
export function isLogFile(name: string): boolean {
  return LOG_FILE.test(name)
}

/** Whether a directory holds a log. */
export async function holdsLog(directory: string): Promise<boolean> {
  // The folder above it also holds files, such as credentials.json.
  if (!(await isDirectory(directory))) return false
  const names = await namesIn(directory)
  return names.includes('CURRENT') || names.includes('MARK')
}

/** Returns the names in a directory; none when it is missing. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  return existsSync(directory) ? readdir(directory) : []
}

/**
 * Makes a directory and missing ones above it, for their owner alone. Makes them one at a time: in an existing directory
 * that takes no entries, such as /proc, Node's `recursive` option retries for ever.
 *
 * @throws the system's error, such as EACCES, ENOENT (in /proc), ENOTDIR
 */
export async function makeDirectory(directory: string): Promise<void> {
  if (await isDirectory(directory)) return
  try {
    await makeOne(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // The one above is missing, or it was until another process made it just now.
    await makeDirectory(dirname(directory))
    await makeOne(directory)
  }
}

async function makeOne(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isDirectory(directory))) return
    throw error
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}
