import { relative, sep } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { systemClock } from '../../lib/streams.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import type { Choice } from './glob.ts'

/** Takes the errors of a watcher. */
interface Failed {
  watching(error: Error): void
}

/**
 * Wakes a run when something happens in a folder. It only watches folders, not files: one watch of the system for each
 * folder, however many files are in it. What happened is for a scan to find out, so a lost or a needless prompt does no
 * harm.
 */
export class Watcher {
  readonly #watcher: FSWatcher
  #prompted = false
  #wake: (() => void) | undefined

  private constructor(watcher: FSWatcher, failed: Failed) {
    this.#watcher = watcher
    const prompt = (): void => {
      this.#prompted = true
      this.#wake?.()
    }
    // A folder that was just made may have files before it is watched.
    watcher.on('raw', prompt).on('addDir', prompt).on('unlinkDir', prompt).on('ready', prompt)
    watcher.on('error', (error) => failed.watching(error as Error))
  }

  /** Starts to watch. `failed` takes the errors of folders that can't be watched. */
  static async open(root: string, choice: Choice, failed: Failed): Promise<Watcher> {
    const { watch } = await optionalPackage('stream files', ['chokidar'], () => import('chokidar'))
    const ignored: NonNullable<Parameters<typeof watch>[1]>['ignored'] = (path, stats) => {
      const inside = relative(root, path).replaceAll(sep, '/')
      return inside !== '' && ((stats !== undefined && !stats.isDirectory()) || choice.ignores(inside))
    }
    const quietly = { ignoreInitial: true, followSymlinks: false, ignorePermissionErrors: true, atomic: false }
    return new Watcher(watch(root, { ...quietly, ignored }), failed)
  }

  /** Waits for the next prompt, since the last wait, for this time in ms at most. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#prompted) await pause(ms, signal, (wake) => (this.#wake = wake))
    this.#wake = undefined
    this.#prompted = false
  }

  async close(): Promise<void> {
    await this.#watcher.close()
  }
}

/** Waits for this time in ms, for the abort of the signal, or for a call of what `started` is given. */
export function pause(ms: number, signal: AbortSignal, started?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    // The files are real, so the time is, too, also where a run has a clock of its own.
    const cancel = systemClock.timer(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    else started?.(end)
  })
}
