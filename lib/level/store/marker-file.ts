import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../format/records.ts'

/**
 * The contents of MARK, a small file beside LevelDB. Only MARK shows that LevelDB has lost its newest events or is gone:
 * LevelDB opens without an error in both cases.
 */
export interface Mark {
  /** The id of the log. */
  readonly id: string
  /** The disk format of the log. */
  readonly format: number
  /** The highest acknowledged seq when the file was written. */
  readonly seq: number
  /** The highest seq when the store was last opened and sound: events up to there are in LevelDB's tables. */
  readonly opened?: number
  /** The newest acknowledged eventless commit. */
  readonly quiet?: number
}

/** The file that keeps the mark. A log in memory has none. */
export interface MarkFile {
  /** Resolves to `bad` when the file can't be read, and to undefined when it is missing. */
  read(): Promise<Mark | 'bad' | undefined>
  /** Replaces the mark. */
  write(mark: Mark): Promise<void>
}

const NAME = 'MARK'

export function markFile(directory: string): MarkFile {
  const path = join(directory, NAME)
  return {
    async read() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
      try {
        return decode<Mark>(NAME, text)
      } catch {
        return 'bad'
      }
    },
    // Written completely and synced before it replaces the old file: a crash leaves one or the other.
    async write(mark) {
      const fresh = `${path}.new`
      // An existing file was left by a crash, or is a link to another file: never written through.
      await rm(fresh, { force: true })
      const file = await open(fresh, 'wx', 0o600)
      try {
        await file.writeFile(encode(NAME, mark))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, path)
    },
  }
}

export const noMarkFile: MarkFile = {
  read: async () => undefined,
  write: async () => undefined,
}
