import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/**
 * Returns the folder for compiled modules: `tidings` in `XDG_CACHE_HOME`, else in `~/.cache`. Its content is executed,
 * so only this user may write to it (0700), and files that another user owns or could have changed are deleted.
 *
 * @param legacy Whether decorators compile as legacy decorators: the same source then has a different output.
 * @returns `false` if there is no safe folder: no home directory, no rights, or another user could replace it. Modules
 *   are then compiled on every start
 */
export function compileCache(legacy = false): string | false {
  try {
    const home = [process.env.XDG_CACHE_HOME, join(homedir(), '.cache')].find((path) => path && isAbsolute(path))
    if (home === undefined) return false
    make(home)
    if (!isSafe(realpathSync(home))) return false
    const directory = join(home, legacy ? 'tidings-legacy' : 'tidings')
    make(directory)
    const found = lstatSync(directory)
    if (!found.isDirectory() || !isOurs(found)) return false
    if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700)
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      const file = lstatSync(path)
      if (!file.isFile() || !isOurs(file) || (file.mode & 0o022) !== 0) rmSync(path, { recursive: true })
    }
    return directory
  } catch {
    return false
  }
}

/** Removes the rights of other users from the files in the folder: the umask may have granted some. */
export function closeCache(directory: string | false): void {
  if (directory === false) return
  try {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    }
  } catch {
    // Another process works on the same folder. The next `compileCache` deletes files that stay open to other users.
  }
}

// Level by level: `recursive` never returns for a folder in /proc.
function make(directory: string): void {
  if (existsSync(directory)) return
  make(dirname(directory))
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(directory)) throw error
  }
}

/** Whether only this user and root can replace this folder or one above it. */
function isSafe(directory: string): boolean {
  const found = lstatSync(directory)
  const sticky = (found.mode & 0o1000) !== 0
  if (!(found.uid === 0 || isOurs(found)) || ((found.mode & 0o002) !== 0 && !sticky)) return false
  return directory === dirname(directory) || isSafe(dirname(directory))
}

function isOurs({ uid }: Stats): boolean {
  return process.geteuid === undefined || uid === process.geteuid()
}
