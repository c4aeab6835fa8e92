import { chmod } from 'node:fs/promises'
import type { AbstractLevel } from 'abstract-level'
import type { ClassicLevel } from 'classic-level'
import { asError, hasCode, TidingsError } from '../../core/errors.ts'
import type { KeyRange } from '../format/keys.ts'
import { checkFiles } from './check-files.ts'
import { lockStore, type StoreLock } from './directory-lock.ts'
import { refuseForeignFolder } from './foreign-folder.ts'
import { gatherWrites } from './gathered-writes.ts'
import { type KeptFiles, keepFiles } from './kept-files.ts'
import { makeDirectory, namesIn } from './log-files.ts'
import { translateReadErrors } from './read-errors.ts'

/*
 * The order in which a log on disk is opened. Nothing in the folder changes before LevelDB opens it, except for the
 * owner file and the hard links of step 4; a log that is refused in steps 1 to 6 is left, or put back, as it was.
 *
 *   1 foreign   refuseForeignFolder: the folder is empty or missing, or holds a log
 *   2 lock      lockStore writes OWNER-…; another live owner → TIDINGS_LOG_LOCKED
 *   3 witness   checkFiles compares CURRENT, MANIFEST, tables and log files with each other, and with MARK
 *   4 keep      keepFiles links LevelDB's files into KEPT/: LevelDB deletes and renames files when it opens
 *   5 open      LevelDB opens the folder, and holds its own LOCK
 *   6 check     session/open.ts reads the records: MARK, head, newest events, FILTER, eventless commits
 *   7 accept    `accepted()` deletes KEPT/
 *     release   when LevelDB is closed: a log that was not accepted gets its files back from KEPT/; then the owner
 *               file is removed
 *
 * A log that stays open holds the lock of step 2 from `lock()` until it is closed. Then a failed write reopens the store
 * under the same lock, with steps 5 and 6 only: this process found the files sound before.
 *
 * Invariants
 * - Files of a refused log are restored before the lock is released, so no other process sees them half-way.
 * - Every path that throws restores and releases.
 */

/** LevelDB on disk, or the same in memory: strings as keys, strings as values. */
// The first parameter is the store's own format.
export type Database = AbstractLevel<any>

/** Opens the store of a log, again and again: a failed write closes and reopens it. */
export interface DatabaseSource {
  /** The folder of the store; absent in memory. */
  readonly directory?: string
  /** The id of a new log; default a random UUID. */
  readonly id?: string
  /**
   * Locks the store until the lock is released. Without it, each opening takes a lock of its own. Absent in memory.
   *
   * @throws TidingsError `TIDINGS_LOG_LOCKED`, `TIDINGS_LOG_INVALID` (the folder holds something else, or belongs to
   *   another user)
   */
  lock?(): Promise<StoreLock | undefined>
  /**
   * Opens the store.
   *
   * @throws TidingsError `TIDINGS_LOG_LOCKED`, `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FAILED`
   */
  open(options: OpenOptions): Promise<Database>
  /** Accepts what `open` opened with `check`: its records are sound, so the kept files are deleted. */
  accepted?(): void
}

interface OpenOptions {
  /** Makes a store in an empty folder. */
  readonly createIfMissing: boolean
  /** Checks the files first, and keeps them until `accepted` is called. `marked`: the MARK file can be read. */
  readonly check?: { readonly marked: boolean }
}

/** Resolves a write only when it is on disk. No effect in memory. */
export const SYNCED = { sync: true } as const

/** Reads ahead, a megabyte at a time: four times as fast as the default of 16 KiB. No effect in memory. */
export const READ_AHEAD = { highWaterMarkBytes: 1024 * 1024 } as const

/** How many records a scan reads at a time; between two pages, other work gets its turn. */
export const PAGE = 500

/** The part of an iterator that `pagesOf` uses. */
interface PagedIterator<T> {
  nextv(size: number): Promise<T[]>
  close(): Promise<void>
}

/** Yields what an iterator reads, in pages. Closes it, however the reading ends. */
export async function* pagesOf<T>(iterator: PagedIterator<T>): AsyncGenerator<T[]> {
  try {
    for (;;) {
      const page = await iterator.nextv(PAGE)
      if (page.length === 0) return
      yield page
    }
  } finally {
    await iterator.close()
  }
}

/** How many bytes LevelDB gathers in a log file before it writes a table. */
const WRITE_BUFFER = 16 * 1024 * 1024

/**
 * LevelDB silently drops the newest writes that it can't read. Those are in its log files: the writes since the last
 * opening, at most two write buffers. Older writes are in tables, where a read reports damage.
 */
export const IN_LOG_FILES = 2 * WRITE_BUFFER

/** Up to this many bytes of tables, all blocks are checked before LevelDB opens them: 0.2 s. */
export const CHECKED_AT_OPEN = 64 * 1024 * 1024

/**
 * LevelDB in a directory, which becomes readable for its owner alone.
 *
 * - cacheSize 8 MiB: identities are looked up by Bloom filter and by a map of recent ones; a larger cache gains little
 * - writeBufferSize 16 MiB: fewer, larger tables while events stream in
 */
export function levelDatabase(directory: string): DatabaseSource {
  let held: StoreLock | undefined
  let kept: KeptFiles | undefined
  const lock = async (): Promise<StoreLock> => {
    await makeDirectory(directory)
    return lockStore(directory)
  }
  // Called before the lock is released, because another process may then open the folder.
  const restore = (): void => {
    try {
      kept?.restore()
    } catch {
      // A full disk: the kept files stay in KEPT, where the next opening and `repairLog` find them.
    }
    kept = undefined
  }
  return {
    directory,
    async lock() {
      await refuseForeignFolder(directory)
      held = await lock()
      const { release } = held
      return Object.assign(held, {
        release() {
          held = undefined
          release()
        },
      })
    },
    accepted() {
      kept?.release()
      kept = undefined
    },
    async open({ createIfMissing, check }) {
      const { Level } = await import('level')
      const own = held === undefined ? await lock() : undefined
      try {
        await chmod(directory, 0o700)
        if (check !== undefined) {
          await refuseDamaged(directory, check.marked)
          kept = keepFiles(directory)
        }
        const db = new Level<string, string>(directory, {
          cacheSize: 8 * 1024 * 1024,
          writeBufferSize: WRITE_BUFFER,
          createIfMissing,
        })
        await db.open().catch((error: unknown) => {
          throw explain(error, directory)
        })
        ;(own ?? held)?.confirm()
        db.once('closed', () => {
          restore()
          own?.release()
        })
        lookUpWholeKeys(db)
        translateReadErrors(db)
        return db
      } catch (error) {
        restore()
        own?.release()
        throw error
      }
    },
  }
}

/** Refuses a log with a damaged file, before LevelDB changes any. */
async function refuseDamaged(directory: string, marked: boolean): Promise<void> {
  const names = await namesIn(directory)
  if (!names.some((name) => /^(CURRENT|MARK|FILTER|\d+\.(ldb|sst|log))$/.test(name))) return
  const [first, ...more] = await checkFiles(directory, { blocks: CHECKED_AT_OPEN, resting: true, marked })
  if (first === undefined) return
  const others = more.length > 0 ? ` (and ${more.length} more)` : ''
  const words = `the log in ${directory} is damaged: ${first.message}${others}. Nothing in it was touched`
  throw new TidingsError('TIDINGS_LOG_DAMAGED', words, { details: { directory, file: first.file } })
}

/** The room for keys in the buffer of `getSync`, in bytes: more than most identities have. */
const KEY_ROOM = 4096

/**
 * Lets `getSync` look up whole keys. classic-level 3.0.0 writes a string into a buffer that it keeps between calls, and
 * treats the key as complete unless the buffer is full to the last byte: a longer key whose last character does not fit
 * is cut off, and its record is not found. The first key makes the buffer, which never shrinks. So after a long one, all
 * shorter keys fit; longer ones are passed as bytes, which takes twice as long.
 */
function lookUpWholeKeys(db: Database): void {
  const getSync = db.getSync.bind(db) as (key: unknown, options: object) => string | undefined
  getSync('x'.repeat(KEY_ROOM), {})
  // A UTF-16 unit takes at most three bytes of UTF-8.
  db.getSync = (key: string, options = {}) =>
    key.length * 3 < KEY_ROOM ? getSync(key, options) : getSync(Buffer.from(key), { ...options, keyEncoding: 'buffer' })
}

/** A store in memory. Reopened, it has the same records, as a disk would. */
export function memoryDatabase(): DatabaseSource {
  let kept: Database | undefined
  return {
    async open() {
      if (kept === undefined) {
        const { MemoryLevel } = await import('memory-level')
        kept = new MemoryLevel<string, string>()
        gatherWrites(kept)
      }
      await kept.open()
      return kept
    },
  }
}

/** Whether a database is LevelDB on disk, with the operations that only Node's has. */
function isOnDisk(db: Database): db is ClassicLevel {
  return 'compactRange' in db
}

/** Frees the disk space of deleted and overwritten records in a range. Does nothing in memory. */
export async function compactRange(db: Database, { gte, lt }: KeyRange): Promise<void> {
  if (isOnDisk(db)) await db.compactRange(gte, lt)
}

/** The approximate size of a range in LevelDB's tables, in bytes, without the newest writes; 0 in memory. */
export async function approximateSize(db: Database, range: KeyRange): Promise<number> {
  if (!isOnDisk(db)) return 0
  // Up to the last key and no further: past the end of a table, LevelDB counts its filters too.
  const [last] = await db.keys({ ...range, reverse: true, limit: 1 }).all()
  return last === undefined ? 0 : db.approximateSize(range.gte, last)
}

/** Lets LevelDB repair a store that it can't read. It may lose data, so call it on a copy only. */
export async function repairStore(directory: string): Promise<void> {
  const { ClassicLevel } = await import('classic-level')
  await ClassicLevel.repair(directory)
}

/** LevelDB's words for damage that it finds when it opens a store. */
const DAMAGED = /corrupt|does not exist|missing files|bad (block|record|magic|table)|no such file|invalid argument/i

function explain(error: unknown, directory: string): TidingsError {
  const cause = error instanceof Error ? error.cause : undefined
  const options = { cause: error, details: { directory } }
  if (hasCode(cause, 'LEVEL_LOCKED' as never))
    return new TidingsError('TIDINGS_LOG_LOCKED', `the log in ${directory} is in use by another process`, options)
  const { message } = asError(cause ?? error)
  const code = cause instanceof Error && DAMAGED.test(message) ? 'TIDINGS_LOG_DAMAGED' : 'TIDINGS_LOG_FAILED'
  return new TidingsError(code, `the log in ${directory} can't be opened: ${message}`, options)
}
