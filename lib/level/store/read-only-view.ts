import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, realpath, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refuseLocked } from './directory-lock.ts'
import { namesIn } from './log-files.ts'

/** LevelDB never changes these. */
const TABLE = /^\d+\.(ldb|sst)$/

/** The other files of a log, which are copied. */
const PART = /^(\d+\.log|CURRENT|MANIFEST-\d+|MARK|FILTER)$/

/** A temporary folder that LevelDB may write to. */
export interface ReadOnlyView {
  readonly directory: string
  /** Removes the folder. Calling it again does nothing. */
  remove(): void
}

/**
 * Makes a view of a log whose folder can't or must not be written to: LevelDB writes even when it only reads. Tables are
 * links, so this takes about as long as copying two write buffers (32 MiB), however large the log is.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (another process has the log open), or the system's error
 */
export async function readOnlyView(directory: string): Promise<ReadOnlyView> {
  await refuseLocked(directory)
  const real = await realpath(directory)
  const view = await mkdtemp(join(tmpdir(), 'tidings-view-'))
  const remove = (): void => rmSync(view, { recursive: true, force: true })
  try {
    for (const name of await namesIn(real)) {
      if (TABLE.test(name)) await symlink(join(real, name), join(view, name))
      else if (PART.test(name)) await copyFile(join(real, name), join(view, name))
    }
    return { directory: view, remove }
  } catch (error) {
    remove()
    throw error
  }
}
