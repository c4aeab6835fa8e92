import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../format/records.ts'

/**
 * A small file beside LevelDB, which alone can tell that LevelDB lost its tail or is gone: LevelDB opens happily
 * without its newest events, and makes a new store where one is missing.
 */
export interface Mark {
  readonly id: string
  readonly format: number
  /** The highest acknowledged seq when the file was written. */
  readonly seq: number
  /** The highest seq when the store was last opened and found sound: up to there all is in LevelDB's tables. */
  readonly opened?: number
  /** The newest quiet commit that was acknowledged. */
  readonly quiet?: number
}

/** Where marks are kept; a log in memory has none. */
export interface MarkFile {
  /** The mark; `bad` when there is one that can't be read; undefined when there is none. */
  read(): Promise<Mark | 'bad' | undefined>
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
    // Written whole and synced before it takes the old one's place: a crash leaves one or the other.
    async write(mark) {
      const fresh = `${path}.new`
      // What is there is left from a crash, or a link to somewhere else: never written through.
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
