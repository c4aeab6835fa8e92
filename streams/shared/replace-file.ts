import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SharedFile } from './shared-file.ts'

/**
 * Replaces the contents of a file at once: readers see all of the old or all of the new, also after a crash. Only for a
 * caller that holds the lock of the file.
 */
export async function replaceFile({ path, folder, mode }: SharedFile, contents: string | Uint8Array): Promise<void> {
  const draft = join(folder, 'new')
  try {
    // A process that was killed may have left one.
    await rm(draft, { force: true })
    const file = await open(draft, 'wx', mode)
    try {
      if (mode !== undefined) await file.chmod(mode)
      await file.writeFile(contents)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncFolder(path)
}

/** Makes the names in the folder of a file durable. */
export async function syncFolder(path: string): Promise<void> {
  // Windows can't open a folder.
  const folder = await open(dirname(path), 'r').catch(() => undefined)
  try {
    await folder?.sync().catch(() => undefined)
  } finally {
    await folder?.close()
  }
}
