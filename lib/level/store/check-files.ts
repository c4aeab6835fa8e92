import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, TidingsError } from '../../core/errors.ts'
import {
  type Batch,
  type ListedTable,
  type Manifest,
  readBatch,
  readJournal,
  readManifest,
} from '../format/leveldb-journal.ts'
import { checkTable, tableEntries } from '../format/leveldb-table.ts'
import { namesIn } from './log-files.ts'

/** A file of LevelDB that is missing or damaged. */
export interface BadFile {
  /** The name of the file. */
  readonly file: string
  /** The file is a table, so some of its records can't be read. */
  readonly lost: boolean
  /** What is wrong with it. */
  readonly message: string
}

/** How thoroughly files are checked. */
export interface FileCheck {
  /** Reads every table and compares each block with its checksum, if all tables together have at most this many bytes. */
  readonly blocks: number
  /** LevelDB is not running in the folder, so a file that it does not list is not work in progress. */
  readonly resting: boolean
  /** The MARK file can be read. Without it, every table is searched for the highest sequence. */
  readonly marked: boolean
  /** Called after each table. */
  progress?(done: number, all: number): void | Promise<void>
}

/**
 * Checks LevelDB's files without LevelDB. When LevelDB opens a folder, it deletes every table that its MANIFEST does not
 * list, starts with an empty database if CURRENT is missing, and checks no block. Writes nothing. Decision 0040.
 *
 * CURRENT names the MANIFEST, which lists the tables and the first log file whose writes are in no table yet. All of these
 * must exist, tables with the listed size and keys. And the MANIFEST must be the newest: LevelDB numbers all writes, so an
 * unlisted table with a higher number (a sequence) than the MANIFEST and the log files shows that the MANIFEST is an older
 * one. An unlisted table without one was left by a process that died while it compacted.
 *
 * @returns the bad files; empty when all are sound
 */
export async function checkFiles(directory: string, check: FileCheck): Promise<BadFile[]> {
  const first = await checkOnce(directory, check)
  if (check.resting || first.length === 0) return first
  // LevelDB may delete compacted tables at any time. A damaged one is still there, and still listed.
  const second = await checkOnce(directory, check)
  return second.filter(({ file }) => first.some((each) => each.file === file))
}

async function checkOnce(directory: string, check: FileCheck): Promise<BadFile[]> {
  let manifest: Listing
  try {
    manifest = await readListing(directory)
  } catch (error) {
    if (error instanceof TidingsError)
      return [{ file: String(error.details?.['file']), message: error.message, lost: false }]
    throw error
  }
  const names = await namesIn(directory)
  const bad: BadFile[] = []
  const blocks = listedBytes(manifest) <= check.blocks
  const reader = new TableReader()
  let done = 0
  let highest = 0
  for (const [number, table] of manifest.tables) {
    const file = nameOf(number, names)
    const path = join(directory, file)
    const message = await tableProblem(path, file, table, blocks && { reader, sequences: !check.marked })
    if (typeof message === 'string') bad.push({ file, message, lost: true })
    else highest = Math.max(highest, message)
    await check.progress?.(++done, manifest.tables.size)
  }
  const logs = await readLogs(directory, names, manifest, bad)
  if (!check.resting) return bad
  const reached = Math.max(manifest.sequence, logs)
  for (const file of names.filter((name) => name.startsWith('MANIFEST-')))
    if (await isNewer(directory, file, manifest, reached, names))
      bad.push({
        file,
        message: `${file} is newer than the MANIFEST that CURRENT names`,
        lost: false,
      })
  for (const file of names.filter((name) => isUnlisted(name, manifest)))
    if (await hasNewer(join(directory, file), reached))
      bad.push({
        file,
        message: `${file} is not listed, but has the newest writes: the MANIFEST is an older one, or cut off`,
        lost: false,
      })
  return bad
}

/**
 * Checks every block of a log that is in use.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`
 */
export async function refuseBadBlocks(directory: string | undefined): Promise<void> {
  if (directory === undefined) return
  const [first] = await checkFiles(directory, EVERY_BLOCK)
  if (first === undefined) return
  throw new TidingsError('TIDINGS_LOG_DAMAGED', first.message, { details: { directory, file: first.file } })
}

/** Checks every block of a log that is in use. */
export const EVERY_BLOCK: FileCheck = { blocks: Number.POSITIVE_INFINITY, resting: false, marked: true }

/** The size of all listed tables, in bytes. */
export function listedBytes({ tables }: Manifest): number {
  return [...tables.values()].reduce((sum, { size }) => sum + size, 0)
}

interface Listing extends Manifest {
  /** The number in the name of the MANIFEST. */
  readonly number: number
}

/**
 * Reads the MANIFEST that CURRENT names.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`, with `details` { directory, file }; the system's own errors
 */
export async function readListing(directory: string): Promise<Listing> {
  const damaged = (file: string, message: string): TidingsError =>
    new TidingsError('TIDINGS_LOG_DAMAGED', message, { details: { directory, file } })
  const current = await readIfThere(join(directory, 'CURRENT'))
  if (current === undefined)
    throw damaged('CURRENT', 'the file CURRENT is missing, though other files of LevelDB exist')
  const [, file] = /^(MANIFEST-\d+)\n$/.exec(current.toString('latin1')) ?? []
  if (file === undefined) throw damaged('CURRENT', 'the file CURRENT names no MANIFEST')
  const bytes = await readIfThere(join(directory, file))
  if (bytes === undefined) throw damaged(file, `${file}, which CURRENT names, is missing`)
  const { records, bad } = readJournal(bytes)
  if (bad !== undefined) throw damaged(file, `${file} is damaged at byte ${bad}`)
  try {
    return { ...readManifest(records), number: numberOf(file, MANIFEST) ?? 0 }
  } catch (error) {
    throw damaged(file, `${file} can't be read: ${asError(error).message}`)
  }
}

// While LevelDB opens a folder, it writes a MANIFEST with a higher number before CURRENT names it. All its files exist.
async function isNewer(
  directory: string,
  file: string,
  { number }: Listing,
  reached: number,
  names: readonly string[],
): Promise<boolean> {
  const other = await manifestIn(join(directory, file))
  if (other === undefined) return false
  if (other.sequence > reached) return true
  const missing = (): boolean => [...other.tables.keys()].some((each) => !names.includes(nameOf(each, names)))
  return (numberOf(file, MANIFEST) ?? 0) > number && (!names.includes(logName(other.log)) || missing())
}

async function manifestIn(path: string): Promise<Manifest | undefined> {
  const bytes = await readIfThere(path)
  try {
    return bytes && readManifest(readJournal(bytes).records)
  } catch {
    return undefined
  }
}

/** Returns the batches of a log file, up to the first that can't be read. */
export function batchesOf(bytes: Buffer): Batch[] {
  return readJournal(bytes).records.flatMap((record) => {
    try {
      return [readBatch(record)]
    } catch {
      return []
    }
  })
}

/** Returns what is wrong with a table, or else its highest sequence (0 unless `blocks.sequences`). */
async function tableProblem(
  path: string,
  file: string,
  table: ListedTable,
  blocks: false | { readonly reader: TableReader; readonly sequences: boolean },
): Promise<string | number> {
  // In a log that is in use, LevelDB may delete a table at any time: size and contents come from one read.
  const bytes = blocks === false ? undefined : await blocks.reader.read(path)
  const size = blocks === false ? (await stat(path).catch(() => undefined))?.size : bytes?.length
  if (size === undefined) return `${file} is missing`
  if (size !== table.size) return `${file} has ${size} bytes instead of ${table.size}`
  if (blocks === false || bytes === undefined) return 0
  const [first, ...more] = checkTable(bytes, table)
  if (first !== undefined)
    return `${file}, at byte ${first.offset}: ${first.message}${more.length > 0 ? ` (and ${more.length} more)` : ''}`
  let highest = 0
  if (blocks.sequences) for (const { sequence } of tableEntries(bytes)) highest = Math.max(highest, sequence)
  return highest
}

/**
 * Reads one table after another into the same memory. Otherwise a log of a gigabyte would leave 500 buffers of 2 MB behind,
 * and the C library keeps for itself what it once had for them.
 */
class TableReader {
  #room = Buffer.alloc(0)

  /** Resolves to the contents of a file, which are valid until the next call; undefined when it is missing. */
  async read(path: string): Promise<Buffer | undefined> {
    const file = await unlessMissing(open(path))
    if (file === undefined) return undefined
    try {
      const { size } = await file.stat()
      if (size > this.#room.length) this.#room = Buffer.allocUnsafeSlow(size)
      let at = 0
      while (at < size) {
        const { bytesRead } = await file.read(this.#room, at, size - at, at)
        if (bytesRead === 0) break
        at += bytesRead
      }
      return this.#room.subarray(0, at)
    } finally {
      await file.close()
    }
  }
}

/** Returns the highest sequence in the log files that LevelDB will read, and adds the bad ones to `bad`. */
async function readLogs(
  directory: string,
  names: readonly string[],
  { log, sequence }: Manifest,
  bad: BadFile[],
): Promise<number> {
  // 0: LevelDB's repair wrote the MANIFEST, and leaves no log file.
  if (log !== 0 && !names.includes(logName(log)))
    bad.push({ file: logName(log), message: `${logName(log)} is missing`, lost: false })
  let highest = 0
  const logs = names.filter((name) => (numberOf(name, LOG) ?? -1) >= log).sort()
  for (const file of logs) {
    const batches = batchesOf((await readIfThere(join(directory, file))) ?? Buffer.alloc(0))
    const first = batches[0]?.first ?? 0
    const before = Math.max(sequence, highest)
    if (first > before + 1)
      bad.push({
        file,
        message: `${file} begins with write ${first}, but the files before it end with write ${before}`,
        lost: false,
      })
    // LevelDB aborts the process when it reads a write a second time.
    const repeated = batches.find((batch, i) => batch.first <= (batches[i - 1]?.last ?? highest))
    if (repeated !== undefined)
      bad.push({ file, message: `${file} has write ${repeated.first} a second time`, lost: false })
    highest = Math.max(highest, batches.at(-1)?.last ?? 0)
  }
  return highest
}

const TABLE = /^(\d+)\.(ldb|sst)$/
const LOG = /^(\d+)\.log$/
const MANIFEST = /^MANIFEST-(\d+)$/

function isUnlisted(name: string, { tables }: Manifest): boolean {
  const number = numberOf(name, TABLE)
  return number !== undefined && !tables.has(number)
}

async function hasNewer(path: string, reached: number): Promise<boolean> {
  for (const { sequence } of tableEntries((await readIfThere(path)) ?? Buffer.alloc(0)))
    if (sequence > reached) return true
  return false
}

function numberOf(name: string, pattern: RegExp): number | undefined {
  const [, digits] = pattern.exec(name) ?? []
  return digits === undefined ? undefined : Number(digits)
}

function logName(number: number): string {
  return `${String(number).padStart(6, '0')}.log`
}

// Before version 1.14, LevelDB named tables .sst, and it still reads those.
function nameOf(number: number, names: readonly string[]): string {
  const name = String(number).padStart(6, '0')
  return names.includes(`${name}.sst`) ? `${name}.sst` : `${name}.ldb`
}

function readIfThere(path: string): Promise<Buffer | undefined> {
  return unlessMissing(readFile(path))
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
