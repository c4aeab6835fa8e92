import { type Clock, systemClock } from '../core/clock.ts'
import { asError, TidingsError } from '../core/errors.ts'
import { type Limits, limitsOf } from '../core/limits.ts'
import { checkOptions } from '../core/options.ts'
import { autoPrune } from '../log/auto-prune.ts'
import { oneOf, warningsTo } from '../log/log-options.ts'
import { boundsOf, type Retention } from '../log/retention.ts'
import { createLevelLog } from './create-level-log.ts'
import type { LevelLog } from './level-log.ts'
import { checkInBackground } from './session/background-check.ts'
import { ReopeningStore, type ReopeningStoreOptions } from './session/reopening-store.ts'
import { levelDatabase, memoryDatabase } from './store/database.ts'
import { pathOf } from './store/directory.ts'
import type { StoreLock } from './store/directory-lock.ts'
import { identityFilterFile } from './store/identity-filter-file.ts'
import { markFile, noMarkFile } from './store/marker-file.ts'
import { readOnlyView } from './store/read-only-view.ts'

/** How a log is opened. */
export interface LogOptions {
  /**
   * What makes an identity. `type` (default): type and identifier; `identifier`: the identifier alone, over all types. The
   * log stores the choice, and refuses a different one later with `TIDINGS_LOG_IDENTITY`.
   */
  readonly identity?: 'type' | 'identifier'
  /**
   * When a write counts as durable. `disk` (default): when it is synced to disk; `relaxed`: when LevelDB has it, so that it
   * survives a crash of the process but not a power loss.
   */
  readonly durability?: 'disk' | 'relaxed'
  /** The size limits, in bytes; default type 256, identifier 1 KiB, data 256 KiB. */
  readonly limits?: Partial<Limits>
  /** Dates the events and times the log; default the system's clock. */
  readonly clock?: Clock
  /** What the log keeps; default everything, for ever. The log prunes itself 10 s after it is opened, then every hour. */
  readonly retention?: Retention
  /** Called with failed writes and repairs; default prints to standard error. */
  readonly warn?: (message: string) => void
  /**
   * Changes nothing in the folder, so it may be on a read-only disk, or another user's. Writes reject with
   * `TIDINGS_LOG_FAILED`. LevelDB works in a temporary folder, which is removed when the log is closed. Default false.
   */
  readonly readOnly?: boolean
}

/**
 * Opens the log in a directory. Makes the directory if it is missing, readable for its owner alone (0700).
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (in use, by another process or by this one), `TIDINGS_LOG_DAMAGED`,
 *   `TIDINGS_LOG_FORMAT` (written by a newer version), `TIDINGS_LOG_IDENTITY` (a different rule of identity),
 *   `TIDINGS_LOG_INVALID` (the options, or a folder with other files), `TIDINGS_LOG_FAILED` (the system's error as cause)
 *
 * @example
 * ```ts
 * import { openLog } from 'tidings'
 *
 * const log = await openLog('.tidings/example')
 * const [answer] = await log.accept([{ type: 'greeting', identifier: '123', data: { payload: 'hello' } }])
 * console.log(answer?.status)
 * await log.close()
 * ```
 */
export async function openLog(directory: string, options: LogOptions = {}): Promise<LevelLog> {
  const path = pathOf(directory, 'openLog()')
  try {
    return await openAt(path, options)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof TidingsError || code === undefined) throw error
    const words = `the log in ${path} can't be opened: ${asError(error).message}`
    throw new TidingsError('TIDINGS_LOG_FAILED', words, { cause: error, details: { directory: path } })
  }
}

async function openAt(path: string, options: LogOptions): Promise<LevelLog> {
  checkOptions(options, KNOWN, 'TIDINGS_LOG_INVALID', 'of a log')
  const durability = oneOf(options, 'durability', ['disk', 'relaxed']) === 'relaxed' ? 'process' : 'disk'
  if (oneOf(options, 'readOnly', [true, false]) === true) return openView(path, options)
  return open({ ...partsAt(path), durability }, options)
}

function partsAt(path: string): Pick<ReopeningStoreOptions, 'source' | 'marks' | 'identityFilter'> {
  return { source: levelDatabase(path), marks: markFile(path), identityFilter: { file: identityFilterFile(path) } }
}

async function openView(path: string, options: LogOptions): Promise<LevelLog> {
  const view = await readOnlyView(path)
  const parts = partsAt(view.directory)
  const lock = async (): Promise<StoreLock | undefined> => {
    const held = await parts.source.lock?.()
    if (held === undefined) return undefined
    const { release } = held
    return Object.assign(held, { release: () => (release(), view.remove()) })
  }
  const beforeWrite = (): never => {
    throw new TidingsError('TIDINGS_LOG_FAILED', `the log in ${path} is open for reading only`, {
      details: { directory: path },
    })
  }
  try {
    return await open({ ...parts, source: { ...parts.source, lock }, durability: 'disk', beforeWrite }, options)
  } catch (error) {
    view.remove()
    throw error
  }
}

/**
 * Makes an empty log in memory, with the same code on the same kind of store. It ends with the process.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the options)
 *
 * @example
 * ```ts
 * import { memoryLog } from 'tidings'
 *
 * await using log = await memoryLog()
 * console.log(await log.last())
 * ```
 */
export async function memoryLog(options: Omit<LogOptions, 'durability' | 'readOnly'> = {}): Promise<LevelLog> {
  checkOptions<LogOptions>(options, KNOWN, 'TIDINGS_LOG_INVALID', 'of a log')
  return open({ source: memoryDatabase(), marks: noMarkFile, durability: 'process' }, options)
}

const KNOWN: Record<keyof LogOptions, true> = {
  identity: true,
  durability: true,
  limits: true,
  clock: true,
  retention: true,
  warn: true,
  readOnly: true,
}

async function open(
  parts: Pick<ReopeningStoreOptions, 'source' | 'marks' | 'identityFilter' | 'durability' | 'beforeWrite'>,
  options: LogOptions,
): Promise<LevelLog> {
  // Validates all options before the store is opened, so that an error leaves nothing open.
  const { retention, clock = systemClock } = options
  const limits = limitsOf(options.limits)
  if (retention !== undefined) boundsOf(retention)
  const identity = oneOf(options, 'identity', ['type', 'identifier'])
  const warn = warningsTo(options.warn)
  const store = await ReopeningStore.open({ ...parts, clock, identity, warn })
  void checkInBackground(store)
  const log = createLevelLog(store, limits, retention)
  if (retention !== undefined) autoPrune(retention, { log, clock, warn })
  return log
}
