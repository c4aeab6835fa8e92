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

const LINE_BREAK = 0x0a

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
      const before = known.get(path)
      const isSame = before?.mark === (await markOf(file))
      const contents = isSame ? before : await readContents(file, before)
      known.set(path, contents)
      return new AppendJournal(path, file, contents)
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
    await this.#file.appendFile(lineOf(entry))
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

/** Reads a journal: only from the last known entry if that is where it was, because other processes add theirs. */
async function readContents(file: FileHandle, before: Contents | undefined): Promise<Contents> {
  const entry = before?.last?.entry
  const from = before?.last?.start ?? 0
  const bytes = await readFrom(file, from)
  if (entry !== undefined && !bytes.subarray(0, lineOf(entry).length).equals(lineOf(entry))) {
    return contentsOf(file, 0, await readFrom(file, 0), new Set())
  }
  return contentsOf(file, from, bytes, entry === undefined ? new Set() : before?.keys)
}

async function contentsOf(file: FileHandle, from: number, bytes: Buffer, keys = new Set<string>()): Promise<Contents> {
  let last: Contents['last']
  let at = 0
  for (let end = bytes.indexOf(LINE_BREAK); end >= 0; end = bytes.indexOf(LINE_BREAK, at)) {
    const entry = parse(bytes.toString('utf8', at, end))
    if (entry?.key !== undefined) {
      keys.add(entry.key)
      last = isWhole(entry) ? { entry, start: from + at } : undefined
    }
    at = end + 1
  }
  // The process died while it wrote the last entry, so it had not begun to write the text.
  if (at < bytes.length) await file.truncate(from + at)
  return { mark: await markOf(file), keys, last, settled: false }
}

async function readFrom(file: FileHandle, from: number): Promise<Buffer> {
  const { size } = await file.stat()
  const buffer = Buffer.alloc(Math.max(0, size - from))
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
  return buffer.subarray(0, bytesRead)
}

function lineOf(entry: Entry): Buffer {
  return Buffer.from(`${JSON.stringify(entry)}\n`)
}

function isWhole(entry: Partial<Entry>): entry is Entry {
  return entry.at !== undefined && entry.text !== undefined
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
