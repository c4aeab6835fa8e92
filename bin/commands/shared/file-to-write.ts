import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../../cli/errors.ts'

/**
 * Resolves to the file that an option names for writing, or undefined if it does not exist yet. Links are followed.
 *
 * @throws UsageError for a folder, a device or a FIFO, which a rename would replace, and for a file in a missing folder
 */
export async function fileToWrite(option: string, path: string): Promise<Stats | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) await needFolder(option, path)
  else if (!found.isFile()) throw new UsageError(`${path} is not a file`)
  return found
}

/** @throws UsageError for a file in a missing folder */
export async function needFolder(option: string, path: string): Promise<void> {
  const folder = dirname(path)
  if ((await stat(folder).catch(() => undefined))?.isDirectory() === true) return
  throw new UsageError(`${option} needs an existing folder, and there is no ${folder}`)
}
