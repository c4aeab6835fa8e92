import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defined } from '../../core/defined.ts'
import { TidingsError } from '../../core/errors.ts'
import { tableEntries } from '../format/leveldb-table.ts'
import { unseal } from '../format/records.ts'
import { batchesOf, readListing } from './check-files.ts'
import { identityFilterFile } from './identity-filter-file.ts'
import { namesIn } from './log-files.ts'
import { markFile } from './marker-file.ts'

/**
 * Refuses a folder that holds other files than a log, before anything in it changes: LevelDB would delete files that look
 * like its own (`7.log`, `12.ldb`), and the folder would become readable for its owner alone.
 *
 * Accepts a folder that is missing or empty; one with a log, however damaged, and any files beside it; and the files that
 * a process leaves when it dies while it makes a log. The LevelDB of another program has no record with our checksum.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, with `details` { directory, file? }
 */
export async function refuseForeignFolder(directory: string): Promise<void> {
  const names = await namesIn(directory)
  if (names.length === 0 || (await isLog(directory, names))) return
  if (names.includes('CURRENT')) {
    if (await isEmptyStore(directory)) return
    throw foreign(directory, 'holds a LevelDB database of another program')
  }
  for (const name of names) {
    if (!(await isLeftover(join(directory, name), name)))
      throw foreign(directory, `holds ${JSON.stringify(name)}`, name)
  }
}

function foreign(directory: string, what: string, file?: string): TidingsError {
  const words = `${directory} ${what} and not a log: choose a folder that is empty or does not exist. Nothing in it was touched`
  return new TidingsError('TIDINGS_LOG_INVALID', words, {
    details: { directory, ...defined({ file }) },
  })
}

/** Whether a folder holds anything that only a log has: its MARK, its FILTER, or one record in a file of LevelDB. */
async function isLog(directory: string, names: readonly string[]): Promise<boolean> {
  if (names.includes('MARK') && typeof (await markFile(directory).read()) === 'object') return true
  if (names.includes('FILTER') && (await identityFilterFile(directory).read()) !== undefined) return true
  for (const name of names) {
    const path = join(directory, name)
    if (!/^\d+\.(ldb|sst|log)$/.test(name)) continue
    const file = await lstat(path)
    if (!file.isFile() || file.size > LARGEST) continue
    if (hasRecord(await readFile(path), name.endsWith('.log'))) return true
  }
  return false
}

/** A larger file of LevelDB, in bytes, is not one of ours: those are made of write buffers of 16 MiB. */
const LARGEST = 256 * 1024 * 1024

function hasRecord(bytes: Buffer, isJournal: boolean): boolean {
  if (isJournal) return batchesOf(bytes).some(({ writes }) => writes.some(([key, value]) => isOurs(key, value)))
  for (const { key, value } of tableEntries(bytes)) if (isOurs(key, value)) return true
  return false
}

function isOurs(key: Buffer, value: Buffer | undefined): boolean {
  if (value === undefined) return false
  try {
    unseal(key.toString(), value.toString())
    return true
  } catch {
    return false
  }
}

/** Whether a LevelDB has no record: a process died after it made the store, and before it wrote the meta record. */
async function isEmptyStore(directory: string): Promise<boolean> {
  const manifest = await readListing(directory).catch(() => undefined)
  if (manifest?.comparator !== 'leveldb.BytewiseComparator' || manifest.tables.size > 0) return false
  for (const name of await namesIn(directory)) {
    if (/^\d+\.(ldb|sst)$/.test(name)) return false
    if (/^\d+\.log$/.test(name) && batchesOf(await readFile(join(directory, name))).length > 0) return false
    if (!(await isLeftover(join(directory, name), name)) && !/^(CURRENT|MANIFEST-\d+|\d+\.log)$/.test(name))
      return false
  }
  return true
}

/** The files that may exist in a folder before there is a log: their names, and how their contents look. */
const leftovers: readonly (readonly [name: RegExp, looks: RegExp])[] = [
  [/^(LOCK|MARK\.new)$/, /^/],
  [/^OWNER-[0-9a-z]+-[0-9a-f]+$/, /^($|\{")/],
  [/^LOG(\.old)?$/, /^($|\d{4}\/\d\d\/\d\d-\d\d:\d\d:\d\d\.\d+ )/],
  [/^\d+\.dbtmp$/, /^($|MANIFEST-\d+\n$)/],
  [/^ui-token(-read-only)?$/, /^[\w-]{32}\n$/],
  [/^MANIFEST-000001$/, /^($|.{4}[\s\S]{3}.*leveldb\.BytewiseComparator)/s],
]

async function isLeftover(path: string, name: string): Promise<boolean> {
  const file = await lstat(path)
  // A new disk has it at its top, which may be the folder of a log.
  if (name === 'lost+found') return file.isDirectory()
  if (name.endsWith('.sock')) return file.isSocket()
  const [, looks] = leftovers.find(([pattern]) => pattern.test(name)) ?? []
  return looks !== undefined && file.isFile() && looks.test(await readFile(path, 'latin1'))
}
