import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Where the files are kept while a log is opened. */
const NAME = 'KEPT'

/** What LevelDB makes, renames or deletes when it opens a folder. */
const FILES = /^(\d+\.(ldb|sst|log)|CURRENT|MANIFEST-\d+)$/

/** Files that were kept: `release` when the log is sound, `restore` when it is not. Either may be called once. */
export interface KeptFiles {
  release(): void
  restore(): void
}

/**
 * Keeps LevelDB's files while it opens a folder and until the log in it was found sound: hard links to all of them, in a folder
 * `KEPT`. LevelDB deletes log files once it has read them, and tables that it does not list; a refused log is then put
 * back as it was, file by file.
 *
 * The folder of a process that died in between is left until the log is sound: all is in the log's own folder, or here,
 * and `repairLog` reads both. Where the file system has no hard links, nothing is kept: what can be told without LevelDB
 * was looked at already (`checkFiles`).
 *
 * All of it is synchronous: it happens while the store is locked, and the lock goes with LevelDB's closing.
 */
export function keepFiles(directory: string): KeptFiles {
  const kept = join(directory, NAME)
  const fresh = `${kept}.new`
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true })
  const release = (): void => {
    if (!existsSync(kept)) return
    // Not half of it: what is called KEPT is whole.
    remove(fresh)
    renameSync(kept, fresh)
    remove(fresh)
  }
  if (existsSync(kept)) return { release, restore: () => undefined }
  try {
    remove(fresh)
    mkdirSync(fresh, { mode: 0o700 })
    for (const name of storeFiles(directory)) linkSync(join(directory, name), join(fresh, name))
    renameSync(fresh, kept)
  } catch {
    try {
      remove(fresh)
    } catch {
      // A read-only disk: LevelDB will say so.
    }
    return { release: () => undefined, restore: () => undefined }
  }
  return {
    release,
    restore() {
      const names = storeFiles(kept)
      for (const name of names) putBack(join(kept, name), join(directory, name))
      for (const name of storeFiles(directory)) if (!names.includes(name)) rmSync(join(directory, name))
      release()
    },
  }
}

/** The paths of files that were kept by a process that died before it found the log sound. */
export function keptBefore(directory: string): string[] {
  const kept = join(directory, NAME)
  return existsSync(kept) ? storeFiles(kept).map((name) => join(kept, name)) : []
}

function storeFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => FILES.test(name))
}

function putBack(from: string, to: string): void {
  if (statSync(to, { throwIfNoEntry: false })?.ino === statSync(from).ino) return
  // Over what LevelDB has put there, in one step.
  const next = `${from}.next`
  linkSync(from, next)
  renameSync(next, to)
}
