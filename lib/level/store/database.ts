import { chmod } from 'node:fs/promises'
import type { AbstractLevel } from 'abstract-level'
import { hasCode, TidingsError } from '../../core/errors.ts'
import type { KeyRange } from '../format/keys.ts'
import { checkFiles } from './check-files.ts'
import { lockStore, type StoreLock } from './directory-lock.ts'
import { refuseForeignFolder } from './foreign-folder.ts'
import { type KeptFiles, keepFiles } from './kept-files.ts'
import { makeDirectory, namesIn } from './log-files.ts'
import { translateReadErrors } from './read-errors.ts'

/** LevelDB on disk, or the same in memory: strings as keys, strings as values. */
// The first parameter is the store's own format.
export type Database = AbstractLevel<any>

/** Opens the store of a log, again and again: after a failed write it has to be closed and opened anew. */
export interface DatabaseSource {
  /** Where it is, if it is on disk. */
  readonly directory?: string
  /**
   * Locks the store for the openings to come, until the lock is released. Without it each opening has a lock of its own.
   * Not there in memory.
   *
   * @throws TidingsError `TIDINGS_LOG_LOCKED`, `TIDINGS_LOG_INVALID` (the folder holds something else, or belongs to another user)
   */
  lock?(): Promise<StoreLock | undefined>
  open(options: OpenOptions): Promise<Database>
  /** What was opened with `check` is sound: the files that were kept meanwhile are not needed any more. */
  found?(): void
}

/**
 * - `createIfMissing`: an empty folder becomes a store
 * - `check`: look at the files first, and keep them until `found` is called. `marked`: the MARK file can be read
 */
interface OpenOptions {
  readonly createIfMissing: boolean
  readonly check?: { readonly marked: boolean }
}

/** What was written is on disk when `sync` is set. In memory, the option has no effect. */
export const SYNCED = { sync: true } as const

/** Reading on, a megabyte at a time: four times as fast as the default of 16 KiB (facts). In memory, no effect. */
export const READ_AHEAD = { highWaterMarkBytes: 1024 * 1024 } as const

/** What is read page by page: an iterator of the store. */
interface Paged<T> {
  nextv(size: number): Promise<T[]>
  close(): Promise<void>
}

/** What an iterator gives, in pages of at most `size`. It is closed, however the reading ends. */
export async function* pagesOf<T>(iterator: Paged<T>, size: number): AsyncGenerator<T[]> {
  try {
    for (;;) {
      const page = await iterator.nextv(size)
      if (page.length === 0) return
      yield page
    }
  } finally {
    await iterator.close()
  }
}

/** How much LevelDB gathers, in bytes, before it makes a table of it. Until then it is in a log file. */
const WRITE_BUFFER = 16 * 1024 * 1024

/**
 * LevelDB drops what it can't read of its newest writes without a word. Those are in its log files: what was written
 * since it was opened last, and at most two write buffers. Older ones rest in tables, where a read notices.
 */
export const IN_LOG_FILES = 2 * WRITE_BUFFER

/** Up to so many bytes of tables, all their blocks are checked before LevelDB opens them: 0.2 s. */
export const CHECKED_AT_OPEN = 64 * 1024 * 1024

/**
 * LevelDB in a directory, which is made readable for its owner alone.
 *
 * - cacheSize 8 MiB: identities are looked up by Bloom filter and by a map of recent ones; a larger cache buys little
 * - writeBufferSize 16 MiB: fewer, larger tables while events stream in
 */
export function levelDatabase(directory: string): DatabaseSource {
  let held: StoreLock | undefined
  let kept: KeptFiles | undefined
  const lock = async (): Promise<StoreLock> => {
    await makeDirectory(directory)
    return lockStore(directory)
  }
  // Before the lock goes, and another process may come.
  const restore = (): void => {
    try {
      kept?.restore()
    } catch {
      // On a full disk. What was kept stays where it is.
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
    found() {
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

/** Refuses a log of which a file is damaged, before LevelDB touches any. */
async function refuseDamaged(directory: string, marked: boolean): Promise<void> {
  const names = await namesIn(directory)
  if (!names.some((name) => /^(CURRENT|MARK|FILTER|\d+\.(ldb|sst|log))$/.test(name))) return
  const [first, ...more] = await checkFiles(directory, { blocks: CHECKED_AT_OPEN, resting: true, marked })
  if (first === undefined) return
  const others = more.length > 0 ? ` (and ${more.length} more)` : ''
  const words = `the log in ${directory} is damaged: ${first.message}${others}. Nothing in it was touched`
  throw new TidingsError('TIDINGS_LOG_DAMAGED', words, { details: { directory, file: first.file } })
}

/**
 * Gives `getSync` its keys as bytes. classic-level 3.0.0 writes a string into a buffer that it keeps between calls, and takes it
 * for whole unless the buffer is full to the last byte: a longer key whose last character does not fit is cut off, and
 * what is stored under it is not found.
 */
function lookUpWholeKeys(db: Database): void {
  const getSync = db.getSync.bind(db) as (key: unknown, options: object) => string | undefined
  db.getSync = (key: string, options = {}) => getSync(Buffer.from(key), { ...options, keyEncoding: 'buffer' })
}

/** A store that is gone with the process. Reopened, it still has what it had, as a disk would. */
export function memoryDatabase(): DatabaseSource {
  let kept: Database | undefined
  return {
    async open() {
      if (kept === undefined) {
        const { MemoryLevel } = await import('memory-level')
        kept = new MemoryLevel<string, string>()
      }
      await kept.open()
      return kept
    },
  }
}

/** What LevelDB on disk can do, and the same in memory can't. */
interface OnDisk {
  compactRange(start: string, end: string): Promise<void>
  approximateSize(start: string, end: string): Promise<number>
}

function onDisk(db: Database): OnDisk | undefined {
  return 'compactRange' in db ? (db as unknown as OnDisk) : undefined
}

/** Gives the disk back that deleted and overwritten records of a range still take. In memory, nothing to do. */
export async function compactRange(db: Database, { gte, lt }: KeyRange): Promise<void> {
  await onDisk(db)?.compactRange(gte, lt)
}

/** How many bytes a range takes in LevelDB's tables, more or less; what was written lately is not in them yet. */
export async function approximateSize(db: Database, range: KeyRange): Promise<number> {
  // Up to the last key, no further: past the end of a table LevelDB counts its filters too.
  const [last] = await db.keys({ ...range, reverse: true, limit: 1 }).all()
  return last === undefined ? 0 : ((await onDisk(db)?.approximateSize(range.gte, last)) ?? 0)
}

/**
 * Has LevelDB make what it can of a store that it can't read. It may lose data: never of the one that there is, only of
 * a copy.
 */
export async function repairStore(directory: string): Promise<void> {
  const { Level } = await import('level')
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(directory)
}

function explain(error: unknown, directory: string): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  if (hasCode(cause, 'LEVEL_LOCKED' as never)) {
    return new TidingsError('TIDINGS_LOG_LOCKED', `the log in ${directory} is in use by another process`, {
      cause: error,
      details: { directory },
    })
  }
  if (
    cause instanceof Error &&
    /corrupt|does not exist|missing files|bad (block|record|magic|table)|no such file|invalid argument/i.test(
      cause.message,
    )
  ) {
    return new TidingsError('TIDINGS_LOG_DAMAGED', `the log in ${directory} can't be opened: ${cause.message}`, {
      cause: error,
      details: { directory },
    })
  }
  return new TidingsError(
    'TIDINGS_LOG_FAILED',
    `the log in ${directory} can't be opened: ${String((cause as Error)?.message ?? error)}`,
    {
      cause: error,
      details: { directory },
    },
  )
}
