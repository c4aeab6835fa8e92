import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** Keys that a journal remembers after it was shortened: the newest. */
const MOST_KEYS = 10_000

/** A journal that is larger is shortened, in bytes. */
const MOST_BYTES = 4 * 1024 * 1024

/** A delivery, and what it was about to append. */
export interface Entry {
  readonly key: string
  /** The size of the file before. */
  readonly at: number
  readonly text: string
}

/** What the file of a journal said, for as long as it is the same file with the same contents. */
interface Contents {
  mark: string
  readonly keys: Set<string>
  /** The newest entry and where it begins; undefined if it was shortened, or dropped. */
  last: { readonly entry: Entry; readonly start: number } | undefined
  /** Whether this process saw the text of the newest entry in the file. */
  settled: boolean
}

const known = new Map<string, Contents>()

/**
 * The deliveries that appended to a file: one line of JSON for each, stored before the text itself. All but the newest
 * entry may be shortened to their keys. Only for a caller that holds the lock of the folder.
 */
export class AppendJournal {
  readonly #path: string
  readonly #file: FileHandle
  readonly #contents: Contents

  private constructor(path: string, file: FileHandle, contents: Contents) {
    this.#path = path
    this.#file = file
    this.#contents = contents
  }

  /** @param mode who may read a new journal: those who may read the file, whose text it has */
  static async open(folder: string, mode: number | undefined): Promise<AppendJournal> {
    const path = join(folder, 'journal')
    const file = await open(path, 'a+', mode)
    try {
      const contents = known.get(path)
      if (contents !== undefined && contents.mark === (await markOf(file))) {
        return new AppendJournal(path, file, contents)
      }
      const read = await readContents(file)
      known.set(path, read)
      return new AppendJournal(path, file, read)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  has(key: string): boolean {
    return this.#contents.keys.has(key)
  }

  /** The newest entry, unless its text is known to be in the file. */
  get unsettled(): Entry | undefined {
    return this.#contents.settled ? undefined : this.#contents.last?.entry
  }

  /** Stores an entry, durably. */
  async add(entry: Entry): Promise<void> {
    const { size: start } = await this.#file.stat()
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`)
    await this.#file.datasync()
    this.#contents.keys.add(entry.key)
    this.#contents.last = { entry, start }
    this.#contents.settled = false
    this.#contents.mark = await markOf(this.#file)
  }

  /** Forgets the newest entry: its text is not in the file. */
  async drop(): Promise<void> {
    const { last, keys } = this.#contents
    if (last === undefined) return
    await this.#file.truncate(last.start)
    keys.delete(last.entry.key)
    this.#contents.last = undefined
    this.#contents.mark = await markOf(this.#file)
  }

  /** Notes that the text of the newest entry is in the file. Shortens a journal that has become large. */
  async settle(): Promise<void> {
    this.#contents.settled = true
    if ((await this.#file.stat()).size <= MOST_BYTES) return
    const shortened = `${this.#path}.new`
    const keys = [...this.#contents.keys].slice(-MOST_KEYS)
    const { mode } = await this.#file.stat()
    const file = await open(shortened, 'w', mode & 0o777)
    try {
      await file.writeFile(keys.map((key) => `${JSON.stringify({ key })}\n`).join(''))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(shortened, this.#path)
    known.delete(this.#path)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function markOf(file: FileHandle): Promise<string> {
  const { ino, size, mtimeNs } = await file.stat({ bigint: true })
  return `${ino} ${size} ${mtimeNs}`
}

async function readContents(file: FileHandle): Promise<Contents> {
  const bytes = await file.readFile()
  // The process died while it wrote the last entry, so it had not begun to write the text.
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end < bytes.length) await file.truncate(end)
  const keys = new Set<string>()
  let last: Contents['last']
  let start = 0
  for (const line of bytes.subarray(0, end).toString().split('\n')) {
    const entry = parse(line)
    if (entry?.key !== undefined) {
      keys.add(entry.key)
      const { key, at, text } = entry
      last = at === undefined || text === undefined ? undefined : { entry: { key, at, text }, start }
    }
    start += Buffer.byteLength(line) + 1
  }
  return { mark: await markOf(file), keys, last, settled: false }
}

function parse(line: string): Partial<Entry> | undefined {
  try {
    const { key, at, text } = JSON.parse(line) as Record<string, unknown>
    if (typeof key !== 'string') return undefined
    return Number.isSafeInteger(at) && (at as number) >= 0 && typeof text === 'string'
      ? { key, at: at as number, text }
      : { key }
  } catch {
    return undefined
  }
}
