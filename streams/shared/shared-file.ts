import type { Stats } from 'node:fs'
import { mkdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Delivery, Park } from '../../lib/index.ts'
import { fileFailure } from './file-failure.ts'
import { withFileLock } from './file-lock.ts'

/** A file that several listeners and processes write. */
export interface SharedFile {
  /** Its real path: all links are followed, so that every writer locks the same folder. */
  readonly path: string
  /** The folder `.NAME.tidings` beside it, for what writers keep there. */
  readonly folder: string
  /** The permissions of the file; undefined for a new one. */
  readonly mode: number | undefined
}

/**
 * Runs `act` while no other writer of the file is at work, in this process or another. Missing folders are made. Failures
 * become what `fileFailure` says.
 *
 * @param who names the handler in errors: `'file.append'`
 */
export async function withSharedFile<T>(
  { signal }: Pick<Delivery, 'signal'>,
  who: string,
  path: string,
  act: (file: SharedFile) => Promise<T>,
): Promise<T> {
  try {
    const real = await realPath(resolve(path))
    const folder = join(dirname(real), `.${basename(real)}.tidings`)
    return await withFileLock(folder, signal, async () => {
      const found = await statOf(real)
      // Opening a pipe would wait for its reader.
      if (found !== undefined && !found.isFile()) throw new Park(`${who}: cannot write ${path}: it is not a file`)
      return act({ path: real, folder, mode: found === undefined ? undefined : found.mode & 0o777 })
    })
  } catch (error) {
    throw fileFailure(who, path, error)
  }
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isMissing(error)) throw error
    await mkdir(dirname(path), { recursive: true })
    return join(await realpath(dirname(path)), basename(path))
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether an error says that a file does not exist. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
