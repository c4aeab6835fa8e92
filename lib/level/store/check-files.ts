import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, TidingsError } from '../../core/errors.ts'
import {
  type Batch,
  type Listed,
  type Manifest,
  readBatch,
  readJournal,
  readManifest,
} from '../format/leveldb-journal.ts'
import { checkTable, tableEntries } from '../format/leveldb-table.ts'
import { namesIn } from './log-files.ts'

/** A file of LevelDB that is missing, or is not what was written. `lost`: a table, so
 * that something in it can't be read any more. */
export interface BadFile {
  readonly file: string
  readonly lost: boolean
  readonly message: string
}

export interface FileCheck {
  /** Also read every table, and compare each block with its checksum, when all of them have at most so many bytes. */
  readonly blocks: number
  /** No LevelDB is at work in the folder, so files that it does not list are no work in progress. */
  readonly resting: boolean
  /** The MARK file can be read; without it, the highest sequence is looked for in every table. */
  readonly marked: boolean
  /** Called after each table. */
  progress?(done: number, all: number): void | Promise<void>
}

/**
 * Looks at LevelDB's files without LevelDB, which when it opens a folder deletes every table that its MANIFEST does not
 * list, starts from nothing where CURRENT is gone, and checks no block. Nothing is written.
 *
 * CURRENT names the MANIFEST; that lists the tables, and the log file from which on writes are in no table yet. All of
 * them must be there, tables with the size and the keys that are listed. And nothing may have been written after what the
 * MANIFEST and the log files lead to: LevelDB numbers all writes, its sequences, so a table that is not listed and has
 * a higher one tells that the MANIFEST is an older one. A table that is not listed and has none is what a process left
 * that was killed while it compacted.
 *
 * @returns what is wrong; empty when nothing is
 */
export async function checkFiles(directory: string, check: FileCheck): Promise<BadFile[]> {
  const first = await checkOnce(directory, check)
  if (check.resting || first.length === 0) return first
  // LevelDB deletes what it has compacted, at any time: what is damaged still is, and still listed.
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
  let done = 0
  let highest = 0
  for (const [number, table] of manifest.tables) {
    const file = nameOf(number, names)
    const message = await tableProblem(directory, file, table, blocks && { sequences: !check.marked })
    if (typeof message === 'string') bad.push({ file, message, lost: true })
    else highest = Math.max(highest, message)
    await check.progress?.(++done, manifest.tables.size)
  }
  const logs = await readLogs(directory, names, manifest, bad)
  if (!check.resting) return bad
  const reached = Math.max(manifest.sequence, logs)
  for (const file of names.filter((name) => name.startsWith('MANIFEST-')))
    if (await knowsMore(directory, file, manifest, reached, names))
      bad.push({
        file,
        message: `${file} knows more than the MANIFEST that CURRENT names: that is an older one`,
        lost: false,
      })
  for (const file of names.filter((name) => isUnlisted(name, manifest)))
    if (await hasNewer(join(directory, file), reached))
      bad.push({
        file,
        message: `${file} is not listed, and has what was written last: the MANIFEST is an older one, or cut off`,
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

/** Of a log that is in use. */
export const EVERY_BLOCK: FileCheck = { blocks: Number.POSITIVE_INFINITY, resting: false, marked: true }

/** How many bytes of tables the MANIFEST lists. */
export function listedBytes({ tables }: Manifest): number {
  return [...tables.values()].reduce((sum, { size }) => sum + size, 0)
}

/** `number`: that of the MANIFEST itself. */
interface Listing extends Manifest {
  readonly number: number
}

/**
 * What the MANIFEST says that CURRENT names.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`, with `details` { directory, file }; the system's own errors
 */
export async function readListing(directory: string): Promise<Listing> {
  const damaged = (file: string, message: string): TidingsError =>
    new TidingsError('TIDINGS_LOG_DAMAGED', message, { details: { directory, file } })
  const current = await readIfThere(join(directory, 'CURRENT'))
  if (current === undefined)
    throw damaged('CURRENT', 'the file CURRENT is missing, and other files of LevelDB are there')
  const [, file] = /^(MANIFEST-\d+)\n$/.exec(current.toString('latin1')) ?? []
  if (file === undefined) throw damaged('CURRENT', 'the file CURRENT names no MANIFEST')
  const bytes = await readIfThere(join(directory, file))
  if (bytes === undefined) throw damaged(file, `${file} is missing, which CURRENT names`)
  const { records, bad } = readJournal(bytes)
  if (bad !== undefined) throw damaged(file, `${file} is not what was written, at byte ${bad}`)
  try {
    return { ...readManifest(records), number: numberOf(file, MANIFEST) ?? 0 }
  } catch (error) {
    throw damaged(file, `${file} can't be read: ${asError(error).message}`)
  }
}

// One that is written while LevelDB opens a folder has a higher number until CURRENT names it: all that it lists is there.
async function knowsMore(
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

/** The batches of a log file, up to the first that can't be read. */
export function batchesOf(bytes: Buffer): Batch[] {
  return readJournal(bytes).records.flatMap((record) => {
    try {
      return [readBatch(record)]
    } catch {
      return []
    }
  })
}

/** What is wrong with a table, in words; or the highest sequence in it, where that is asked for. */
async function tableProblem(
  directory: string,
  file: string,
  table: Listed,
  blocks: false | { readonly sequences: boolean },
): Promise<string | number> {
  const path = join(directory, file)
  // In a log that is in use LevelDB deletes tables at any time: one system call tells size and contents.
  const bytes = blocks === false ? undefined : await readIfThere(path)
  const size = blocks === false ? (await stat(path).catch(() => undefined))?.size : bytes?.length
  if (size === undefined) return `${file} is missing`
  if (size !== table.size) return `${file} has ${size} bytes, ${table.size} were written`
  if (blocks === false || bytes === undefined) return 0
  const [first, ...more] = checkTable(bytes, table)
  if (first !== undefined)
    return `${file}, at byte ${first.offset}: ${first.message}${more.length > 0 ? ` (and ${more.length} more)` : ''}`
  let highest = 0
  if (blocks.sequences) for (const { sequence } of tableEntries(bytes)) highest = Math.max(highest, sequence)
  return highest
}

/** The highest sequence in the log files that LevelDB is to read; what is wrong with them is added to `bad`. */
async function readLogs(
  directory: string,
  names: readonly string[],
  { log, sequence }: Manifest,
  bad: BadFile[],
): Promise<number> {
  // 0: LevelDB's own repair made it, which leaves none.
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
        message: `${file} begins with write ${first}, what there is before ends with ${before}`,
        lost: false,
      })
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

// Versions before 1.14 of LevelDB ended them in sst, and it still reads these.
function nameOf(number: number, names: readonly string[]): string {
  const name = String(number).padStart(6, '0')
  return names.includes(`${name}.sst`) ? `${name}.sst` : `${name}.ldb`
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
