import { existsSync, realpathSync } from 'node:fs'
import { open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { asError, describe, hasCode, TidingsError } from '../../core/errors.ts'
import { foreignAddress } from '../../core/log-address.ts'
import { levelDatabase } from './database.ts'
import { holdsLog, isLogFile, namesIn } from './log-files.ts'

/**
 * Returns the absolute path of a directory that a user gave; `caller` names the function that needs it.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for anything but a non-empty string, and for the address of a database
 */
export function pathOf(directory: unknown, caller: string): string {
  if (typeof directory !== 'string' || directory === '')
    throw new TidingsError('TIDINGS_LOG_INVALID', `${caller} needs the path of a directory, got ${describe(directory)}`)
  const wrong = foreignAddress(directory)
  if (wrong !== undefined) throw new TidingsError('TIDINGS_LOG_INVALID', wrong)
  return resolve(directory)
}

/** Returns the size of the files in a directory, in bytes; `counts` selects files by name. */
export async function bytesIn(directory: string, counts: (name: string) => boolean = () => true): Promise<number> {
  let bytes = 0
  for (const name of (await namesIn(directory)).filter(counts)) {
    // LevelDB may delete a file at any time.
    const file = await stat(join(directory, name)).catch(() => undefined)
    if (file?.isFile()) bytes += file.size
  }
  return bytes
}

/** Returns the free bytes on the disk of a directory, for users other than root. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/**
 * Does one step of a longer operation, and names the step in an error of the system.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED`, with `details` { directory }; its own errors pass unchanged
 */
export async function withErrorContext<T>(what: string, directory: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof TidingsError) throw error
    throw new TidingsError('TIDINGS_LOG_FAILED', `${what} failed: ${asError(error).message}`, {
      cause: error,
      details: { directory },
    })
  }
}

/**
 * Makes a directory atomically: `make` fills `DIRECTORY.partial`, which is synced and renamed. Whatever happens in
 * between, a directory of the final name is complete. `mark` writes its last file, when all others are on disk.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory is not empty, or is a file, or is inside a log),
 *   `TIDINGS_LOG_FAILED`
 */
export async function createAtomically<T>(
  target: string,
  make: (partial: string) => Promise<T>,
  mark: (partial: string, made: T) => Promise<void> = async () => undefined,
): Promise<T> {
  const partial = `${target}.partial`
  await withErrorContext(`reading ${target}`, target, () => refuseTaken(target))
  await withErrorContext(`removing ${partial}, left by an earlier attempt,`, partial, () => removeLeftovers(partial))
  try {
    const made = await make(partial)
    await withErrorContext(`writing ${partial} to the disk`, partial, async () => {
      for (const name of await readdir(partial)) await sync(join(partial, name))
      await mark(partial, made)
      await sync(partial)
    })
    await withErrorContext(`renaming ${partial} to ${target}`, target, async () => {
      if (existsSync(target)) await rmdir(target)
      await rename(partial, target)
      await sync(dirname(target))
    })
    return made
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw error
  }
}

async function refuseTaken(target: string): Promise<void> {
  const why = await whyTaken(target)
  if (why === undefined) return
  const message = `${target} is ${why}: choose a folder that is empty or does not exist`
  throw new TidingsError('TIDINGS_LOG_INVALID', message, { details: { directory: target } })
}

async function whyTaken(target: string): Promise<string | undefined> {
  const found = await stat(target).catch(() => undefined)
  if (found?.isDirectory() === false) return 'not a folder'
  if ((await namesIn(target)).length > 0) return 'not empty'
  for (let path = realOf(target), above = dirname(path); path !== above; path = above, above = dirname(path))
    // One that can't be read, such as a home for several users, may still take a folder.
    if (await holdsLog(above).catch(() => false)) return `inside the log ${above}`
  return undefined
}

/** Whether a path is this directory or inside it, also through links. The path need not exist. */
export function isWithin(path: string, directory: string): boolean {
  const way = relative(realOf(resolve(directory)), realOf(resolve(path)))
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`))
}

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(realOf(above), basename(path))
  }
}

/**
 * Removes the leftovers of an earlier attempt: only files that an attempt can have made, and not while it is running.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the folder holds other files), `TIDINGS_LOG_LOCKED` (the attempt is running)
 */
export async function removeLeftovers(partial: string): Promise<void> {
  const names = await namesIn(partial)
  const other = names.find((name) => !isLogFile(name))
  if (other !== undefined) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${join(partial, other)} is not part of a log: nothing is removed`, {
      details: { directory: partial },
    })
  }
  if (names.length === 0) return
  try {
    await (await levelDatabase(partial).open({ createIfMissing: true })).close()
  } catch (error) {
    if (hasCode(error, 'TIDINGS_LOG_LOCKED')) throw error
  }
  await rm(partial, { recursive: true })
}

async function sync(path: string): Promise<void> {
  // Windows can't open a directory.
  if (process.platform === 'win32' && (await stat(path)).isDirectory()) return
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
