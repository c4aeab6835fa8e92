import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A disk that is soon full, and has room again when it is asked to. */
export interface SmallDisk {
  /** What it is, in words. */
  readonly kind: 'a small disk' | 'a limit on each file'
  /** Where everything is full; the folder around it is not. */
  readonly directory: string
  /** Takes all room but a little from this process. */
  fill(pid: number): void
  /** Gives it back. */
  free(pid: number): void
}

const SIZE = 64 * 1024 * 1024

/** What is left when it is filled, in bytes: some hundred events. */
const LEFT = 256 * 1024

/** Where mounting is allowed, a file system in memory, which is gone after the test; elsewhere, a limit on each file. */
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
  // Lazily: a process that was not ended in time must not keep it.
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
        // The process has taken the rest meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    free: () => rmSync(ballast),
  }
}

// Only the soft limit, so that it can be raised again; node ignores the signal that comes with it.
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
