import { existsSync, realpathSync } from 'node:fs'
import { open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { asError, describe, hasCode, TidingsError } from '../../core/errors.ts'
import { levelDatabase } from './database.ts'
import { isLogFile, namesIn } from './log-files.ts'

/**
 * The full path of a directory that somebody gave.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for what is no path; `who` asked for it
 */
export function pathOf(directory: unknown, who: string): string {
  if (typeof directory === 'string' && directory !== '') return resolve(directory)
  throw new TidingsError('TIDINGS_LOG_INVALID', `${who} needs the path of a directory, got ${describe(directory)}`)
}

/** How many bytes the files of a directory have, of those whose names count. */
export async function bytesIn(directory: string, counts: (name: string) => boolean = () => true): Promise<number> {
  let bytes = 0
  for (const name of (await namesIn(directory)).filter(counts)) {
    // LevelDB removes what it does not need any more, at any time.
    const file = await stat(join(directory, name)).catch(() => undefined)
    if (file?.isFile()) bytes += file.size
  }
  return bytes
}

/** How many bytes are free on the disk of a directory, for those who are not root. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** Does one step of a longer work; what the system says of its failure is said with what it was about. */
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
 * Makes a directory in two steps: `make` fills `DIRECTORY.partial`, which then takes the name of the directory. Whatever
 * happens in between, there is no directory of that name that is not whole. `mark`: written last, when all else is on disk.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory has something in it), `TIDINGS_LOG_FAILED`
 */
export async function createAtomically<T>(
  target: string,
  make: (partial: string) => Promise<T>,
  mark: (partial: string, made: T) => Promise<void> = async () => undefined,
): Promise<T> {
  const partial = `${target}.partial`
  if ((await withErrorContext(`a look into ${target}`, target, () => namesIn(target))).length > 0) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${target} is not empty: choose a folder that is, or is not there`, {
      details: { directory: target },
    })
  }
  await withErrorContext(`removing ${partial}, which an earlier try has left,`, partial, () => removeLeftovers(partial))
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

/** Whether a path is a directory, or lies in it, also through links. The path need not exist. */
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

/** Removes what an earlier try has left: only what that can have made, and not while it is being made. */
export async function removeLeftovers(partial: string): Promise<void> {
  const names = await namesIn(partial)
  const other = names.find((name) => !isLogFile(name))
  if (other !== undefined) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${join(partial, other)} is in the way: nothing is removed`, {
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
  // A directory can't be opened there.
  if (process.platform === 'win32' && (await stat(path)).isDirectory()) return
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
