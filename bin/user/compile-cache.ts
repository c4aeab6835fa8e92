import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/**
 * The folder for compiled modules: `tidings` in `XDG_CACHE_HOME`, else in `~/.cache`. What is in it is executed, so only
 * this user may write to it (0700), and files that somebody else owns or could have changed are deleted.
 *
 * @param legacy Whether decorators are compiled as legacy ones: the same source then compiles to something else.
 * @returns `false` where there is no such folder: no home directory, no rights, or another user could replace it. Modules
 *   are then compiled each time
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

/** Takes the rights of others off the files in the folder: the umask may have given them some. */
export function closeCache(directory: string | false): void {
  if (directory === false) return
  try {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    }
  } catch {
    // Another process works on the same folder. Files that stay open to others are deleted by the next `compileCache`.
  }
}

// Level by level: `recursive` never returns for a folder in /proc.
function make(directory: string): void {
  if (existsSync(directory)) return
  make(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
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
