import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Failure, UsageError } from '../cli/errors.ts'

/** What the names of the folders begin with; the id of the process follows. */
const PREFIX = '.tidings-against-'

/** The most that git may print, in bytes. */
const MOST = 16 * 1024 * 1024

/** A file as it was at a revision. */
export interface AtRevision {
  /** Its path, in a folder with all files of that revision: its imports are those of then. */
  readonly path: string
  /** Removes the folder. The end of the process does so, too. */
  remove(): void
}

/**
 * Writes the files of a git revision to a folder inside the repository, so that packages are found as they are now, and
 * returns where `file` is among them. The repository, its index and its worktrees stay as they are.
 *
 * @throws UsageError for a file outside of a repository, an unknown revision, or a file that the revision does not have
 */
export async function atRevision(file: string, revision: string): Promise<AtRevision> {
  const path = realpathSync(resolve(file))
  const git = inFolder(dirname(path))
  const top = await git('rev-parse', '--show-toplevel').catch((error: Error) => {
    if (/not a git repository/i.test(error.message)) throw new UsageError(`${file} is not in a git repository`)
    throw new Failure(`git can't be asked about ${file}: ${error.message}`)
  })
  const commit = await git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).catch(() => {
    throw new UsageError(`the repository in ${top} has no revision ${JSON.stringify(revision)}`)
  })
  const place = relative(realpathSync(top), path)
  await git('cat-file', '-e', `${commit}:${place.replaceAll('\\', '/')}`).catch(() => {
    throw new UsageError(`revision ${JSON.stringify(revision)} has no file ${place}`)
  })
  const folder = makeFolder(top)
  const remove = removal(folder)
  try {
    await write(top, commit, folder)
    linkPackages(top, dirname(place), folder)
  } catch (error) {
    remove()
    throw error
  }
  return { path: join(folder, place), remove }
}

// Without the variables that a hook of git has: they name another repository, or its index.
function inFolder(cwd: string, more: NodeJS.ProcessEnv = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  const env = { ...Object.fromEntries(kept), LC_ALL: 'C', ...more }
  return async (...args: readonly string[]): Promise<string> => {
    try {
      const { stdout } = await promisify(execFile)('git', [...args], { cwd, env, maxBuffer: MOST })
      return stdout.trim()
    } catch (error) {
      const { code, stderr = '', message } = error as NodeJS.ErrnoException & { readonly stderr?: string }
      throw new Failure(code === 'ENOENT' ? 'git is not installed' : stderr.trim() || message)
    }
  }
}

// With an index of its own, so that the one of the repository keeps what is staged in it.
async function write(top: string, commit: string, folder: string): Promise<void> {
  const index = join(folder, '.git-index')
  const git = inFolder(top, { GIT_INDEX_FILE: index })
  await git('read-tree', commit)
  await git('checkout-index', '--all', '--force', `--prefix=${folder}/`)
  rmSync(index)
}

// Packages in the repository itself are found from inside of it. A folder on the way to the file may have its own.
function linkPackages(top: string, way: string, folder: string): void {
  const steps = way === '' || way === '.' ? [] : way.split(/[\\/]/)
  for (const [i] of steps.entries()) {
    const part = join(...steps.slice(0, i + 1), 'node_modules')
    const [packages, link] = [join(top, part), join(folder, part)]
    if (!existsSync(packages) || existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(packages, link, 'junction')
  }
}

function makeFolder(top: string): string {
  for (const name of readdirSync(top)) if (isLeftOver(name)) rmSync(join(top, name), { recursive: true, force: true })
  return mkdtempSync(join(top, `${PREFIX}${process.pid}-`))
}

// Of a process that was killed.
function isLeftOver(name: string): boolean {
  if (!name.startsWith(PREFIX)) return false
  const pid = Number.parseInt(basename(name).slice(PREFIX.length), 10)
  try {
    return !(pid > 0 && process.kill(pid, 0))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

function removal(folder: string): () => void {
  const leave = (_: NodeJS.Signals, number: number): void => process.exit(128 + number)
  const remove = (): void => {
    for (const name of Object.keys(SIGNALS)) process.off(name, leave)
    process.off('exit', remove)
    rmSync(folder, { recursive: true, force: true })
  }
  // Without a listener, a signal ends the process at once, and nothing is removed.
  for (const name of Object.keys(SIGNALS)) process.on(name, leave)
  process.on('exit', remove)
  return remove
}
