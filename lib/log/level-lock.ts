import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { TidingsError } from '../core/errors.ts'

// A registered symbol: another copy of this package in this process has a LevelDB of its own, which knows nothing of ours.
const STORES = Symbol.for('tidings.open-stores')

/** The lock files of all stores that this process has open, by their real paths. */
const shared = globalThis as { [STORES]?: Set<string> }
const locked = (shared[STORES] ??= new Set())

/**
 * Keeps a process from opening a store that it has open. LevelDB must not even be asked: what it locks is the process's,
 * so when it has refused, and closes the file that it looked at, any other process can get in; and it knows a folder
 * by the name that it was opened with, not by a link to it.
 *
 * @returns gives it back, once the store is closed
 * @throws TidingsError `TIDINGS_LOG_LOCKED`
 */
export async function lockStore(directory: string): Promise<() => void> {
  const path = join(await realpath(directory), 'LOCK')
  // The lock alone may be that of another folder.
  const lock = await realpath(path).catch(() => path)
  if (locked.has(lock)) {
    throw new TidingsError('TIDINGS_LOG_LOCKED', `the log in ${directory} is open in this process already`, {
      details: { directory },
    })
  }
  locked.add(lock)
  return () => void locked.delete(lock)
}
