import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The folder that keeps the files while a log is opened. */
const NAME = 'KEPT'

/** The files that LevelDB makes, renames or deletes when it opens a folder. */
const FILES = /^(\d+\.(ldb|sst|log)|CURRENT|MANIFEST-\d+)$/

/** Kept files. Call one of the two, once. */
export interface KeptFiles {
  /** The log is sound: deletes the links. */
  release(): void
  /** The log was refused: puts the files back as they were. */
  restore(): void
}

/**
 * Keeps LevelDB's files while it opens a folder and until the log in it has proved sound: hard links to all of them, in the
 * folder `KEPT`. LevelDB deletes log files once it has read them, and tables that it does not list; `restore` puts the
 * files of a refused log back, one by one.
 *
 * If the process dies in between, `KEPT` stays until the log is sound. Every file is then in the log's folder or in
 * `KEPT`, and `repairLog` reads both. On a file system without hard links, nothing is kept: `checkFiles` has then found
 * all damage that can be found without LevelDB.
 *
 * All of it is synchronous, because it must end before the lock is released.
 */
export function keepFiles(directory: string): KeptFiles {
  const kept = join(directory, NAME)
  const fresh = `${kept}.new`
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true })
  const release = (): void => {
    if (!existsSync(kept)) return
    // Renamed first: a folder named KEPT is always complete.
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
      // A read-only disk: LevelDB reports it.
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

/** Returns the paths of files that a process kept and left when it died. */
export function keptBefore(directory: string): string[] {
  const kept = join(directory, NAME)
  return existsSync(kept) ? storeFiles(kept).map((name) => join(kept, name)) : []
}

function storeFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => FILES.test(name))
}

function putBack(from: string, to: string): void {
  if (statSync(to, { throwIfNoEntry: false })?.ino === statSync(from).ino) return
  // Replaces LevelDB's file in one step.
  const next = `${from}.next`
  linkSync(from, next)
  renameSync(next, to)
}
