import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A small disk that can be filled and emptied. */
export interface SmallDisk {
  /** A description for people. */
  readonly kind: 'a small disk' | 'a limit on each file'
  /** The folder on that disk; its parent is not on it. */
  readonly directory: string
  /** Fills it, except for a little room. */
  fill(pid: number): void
  /** Makes room again. */
  free(pid: number): void
}

const SIZE = 64 * 1024 * 1024

/** The room that is left when it is filled, in bytes: about a hundred events. */
const LEFT = 256 * 1024

/** If mounting is allowed, a file system in memory, removed after the test; otherwise a limit on each file. */
export function smallDisk(t: TestContext): SmallDisk {
  const directory = join(temporaryDirectory(t), 'disk')
  mkdirSync(directory)
  return mount(t, directory) ? smallFileSystem(directory) : limitedFiles(directory)
}

function mount(t: TestContext, directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    return false
  }
  // A lazy unmount, in case a process still uses it.
  t.after(() => execFileSync('umount', ['-l', directory]))
  return true
}

function smallFileSystem(directory: string): SmallDisk {
  const ballast = join(directory, 'ballast')
  return {
    kind: 'a small disk',
    directory,
    fill() {
      const { bavail, bsize } = statfsSync(directory)
      try {
        writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - LEFT)))
      } catch (error) {
        // The process has used up the rest meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    free: () => rmSync(ballast),
  }
}

// Only the soft limit, so that it can be raised again. Node ignores the signal of an exceeded limit.
export function limitedFiles(directory: string): SmallDisk {
  return {
    kind: 'a limit on each file',
    directory,
    fill: (pid) => limit(pid, `${LEFT}:unlimited`),
    free: (pid) => limit(pid, 'unlimited:unlimited'),
  }
}

function limit(pid: number, size: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}`])
}
