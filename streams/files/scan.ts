import type { Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { joined, keyOf } from './file-name.ts'
import type { Choice } from './glob.ts'

/** A file as a scan found it. Times are in ms since the epoch, with fractions. */
export interface Found {
  /** Its path below the folder, see `keyOf`. */
  readonly key: string
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly ino: number
}

/** What a scan found. */
export interface Scan {
  readonly files: readonly Found[]
  /** The paths below the folder that could not be read: nothing is known of what is in them. */
  readonly unread: readonly Buffer[]
  /** What went wrong, in words, for the log. */
  readonly problems: readonly string[]
  /** The device of the folder, or of the folder around it if it is missing. */
  readonly device: number
  /** Which folder it is: another one after it was made again. Undefined if it is missing. */
  readonly folder: string | undefined
}

/** The device of a folder that can't be read. */
export const UNKNOWN = -1

/** Files that are looked at together. */
const TOGETHER = 64

/** Lists the files of a folder and its subfolders. Links to files are followed, links to folders are not. */
export async function scan(root: string, choice: Choice, signal: AbortSignal): Promise<Scan> {
  const files: Found[] = []
  const unread: Buffer[] = []
  const problems: string[] = []
  // One problem for each folder: the next file in it would fail for the same reason.
  const failed = (folder: Buffer, error: unknown): void => {
    if (unread.at(-1) === folder) return
    unread.push(folder)
    problems.push((error as Error).message)
  }
  const base = Buffer.from(root)
  const pending: Buffer[] = [Buffer.alloc(0)]
  const top = await topOf(root)
  if (top.folder === undefined) return { files, unread, problems: [`${root} is missing`], ...top }
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal.throwIfAborted()
    const here = folder
    const names = await readdir(joined(base, here), { encoding: 'buffer' }).catch((error: unknown) => {
      if (!isGone(error)) failed(here, error)
      return []
    })
    for (let at = 0; at < names.length; at += TOGETHER) {
      const paths = names.slice(at, at + TOGETHER).map((name) => joined(here, name))
      const kept = paths.filter((path) => !choice.ignores(path.toString()))
      const stats = await Promise.all(
        kept.map((path) => statsOf(joined(base, path)).catch((e: unknown) => failed(here, e))),
      )
      for (const [i, path] of kept.entries()) {
        const one = stats[i]
        if (one?.isDirectory()) pending.push(path)
        else if (one?.isFile() && choice.wants(path.toString())) files.push(found(path, one))
      }
    }
  }
  return { files, unread, problems, ...top }
}

function found(path: Buffer, { size, mtimeMs, ctimeMs, ino }: Stats): Found {
  return { key: keyOf(path), size, mtime: mtimeMs, ctime: ctimeMs, ino }
}

async function topOf(root: string): Promise<Pick<Scan, 'device' | 'folder'>> {
  try {
    const { dev, ino } = await stat(root)
    return { device: dev, folder: `${dev}:${ino}` }
  } catch (error) {
    // A folder that can't be read is there; its files are unknown.
    if (!isGone(error)) return { device: UNKNOWN, folder: 'unread' }
    const { dev } = await stat(dirname(root)).catch(() => ({ dev: UNKNOWN }))
    return { device: dev, folder: undefined }
  }
}

/** Undefined: gone meanwhile, or a link that leads nowhere or to a folder. */
async function statsOf(path: Buffer): Promise<Stats | undefined> {
  try {
    const own = await lstat(path)
    if (!own.isSymbolicLink()) return own
    const target = await stat(path)
    return target.isDirectory() ? undefined : target
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(String((error as { code?: unknown }).code))
}
