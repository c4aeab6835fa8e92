import { type FileHandle, open } from 'node:fs/promises'
import type { Delivery } from '../../lib/index.ts'
import { AppendJournal, type Entry } from './append-journal.ts'
import { syncFolder } from './replace-file.ts'
import { withSharedFile } from './shared-file.ts'

/*
 * How a delivery appends to a file that others write, too, so that its text is there once and whole, whatever happens to
 * the process in between (decision 0054):
 *
 *   1  lock                    no other listener and no other process of this machine writes
 *   2  settle                  is the text of the newest entry in the file? A part of it is cut off, and the entry dropped
 *   3  journal has the key     this delivery has written before: nothing to do
 *   4  journal: key and text   on disk before the file is touched
 *   5  file: the text          one write at its end, on disk before the delivery is acknowledged
 *
 * A process that dies before 4 has written nothing. One that dies after it leaves an entry that the next writer settles.
 * A journal that is lost, or a file that was replaced, costs only this: a delivery that was written but not acknowledged
 * is written again.
 */

/** A file that is appended to. */
export interface AppendedFile {
  readonly path: string
  readonly handle: FileHandle
  /** Its size in bytes. */
  readonly size: number
}

/** How much of the end of a file is searched for a text that is not where it was written, in bytes. */
const SEARCHED = 1024 * 1024

/**
 * Appends a text to a file, once for each delivery. Resolves to false if it is there already.
 *
 * @param who names the handler in errors: `'file.append'`
 * @param compose makes the text, which ends with a line break; undefined if nothing needs to be written
 */
export function appendOnce(
  delivery: Pick<Delivery, 'key' | 'signal'>,
  who: string,
  path: string,
  compose: (file: AppendedFile) => Promise<string | undefined> | string,
): Promise<boolean> {
  return withSharedFile(delivery, who, path, async (shared) => {
    const handle = await open(shared.path, 'a+')
    try {
      const journal = await AppendJournal.open(shared.folder, shared.mode)
      try {
        await settle(journal, handle)
        if (journal.has(delivery.key)) return false
        const { size } = await handle.stat()
        const text = await compose({ path: shared.path, handle, size })
        if (text === undefined) return false
        // The last line of another program may lack its line break.
        const glue = size > 0 && (await readRange(handle, size - 1, 1))[0] !== 0x0a ? '\n' : ''
        await write(journal, handle, { key: delivery.key, at: size, text: `${glue}${text}` })
        // A new file is on disk when its folder is.
        if (size === 0) await syncFolder(shared.path)
        return true
      } finally {
        await journal.close()
      }
    } finally {
      await handle.close()
    }
  })
}

/** Reads a part of a file; shorter if the file ends before. */
export async function readRange(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, length))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
  return buffer.subarray(0, bytesRead)
}

async function settle(journal: AppendJournal, handle: FileHandle): Promise<void> {
  const entry = journal.unsettled
  if (entry === undefined) return
  const text = Buffer.from(entry.text)
  const { size } = await handle.stat()
  const found = size < entry.at ? undefined : await readRange(handle, entry.at, text.length)
  if (found?.equals(text) === true) return journal.settle()
  if (found !== undefined && size - entry.at === found.length && found.equals(text.subarray(0, found.length))) {
    if (found.length > 0) await handle.truncate(entry.at)
    return journal.drop()
  }
  // The file was changed since.
  const from = Math.max(0, size - SEARCHED)
  if ((await readRange(handle, from, size - from)).includes(text)) return journal.settle()
  return journal.drop()
}

async function write(journal: AppendJournal, handle: FileHandle, entry: Entry): Promise<void> {
  await journal.add(entry)
  try {
    const bytes = Buffer.from(entry.text)
    for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten
    await handle.datasync()
  } catch (error) {
    // What was written is cut off now if that is possible, otherwise by the next writer.
    await handle.truncate(entry.at).then(
      () => journal.drop(),
      () => undefined,
    )
    throw error
  }
  await journal.settle()
}
