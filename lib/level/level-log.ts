import type { Log } from '../log/port.ts'
import type { Pruned, Retention } from '../log/retention.ts'
import type { Problem, Progress, Stats } from '../log/upkeep.ts'
import type { BackedUp } from './upkeep/backup.ts'
import type { Compacted } from './upkeep/compact.ts'

/** A log in LevelDB, on disk or in memory. Made by `openLog` and `memoryLog`. */
export interface LevelLog extends Log {
  /** `disk`: an answer means that the data is synced to disk; `process`: it survives the process, not a power loss. */
  readonly durability: 'disk' | 'process'
  /** Always true: LevelDB leaves no gaps between seqs. */
  readonly dense: true
  /**
   * Compares every block of every table with its checksum; if those are sound, compares every record with the others
   * that it should agree with. Works while the log is in use.
   *
   * LevelDB can abort the process over a damaged table, so the blocks are read without it.
   *
   * @param options `progress` is called with the number of events verified so far, and of all events
   * @throws TidingsError `TIDINGS_LOG_FAILED` (a read failed, or the store was reopened meanwhile), `TIDINGS_LOG_CLOSED`
   */
  verify(options?: {
    /** Called as events are verified. */
    readonly progress?: Progress
  }): Promise<{
    /** Whether the log is sound. */
    readonly ok: boolean
    /** What is wrong, at most 1000 problems. */
    readonly problems: readonly Problem[]
  }>
  /**
   * Removes the bodies of events that a retention does not keep, the oldest first, and never one that a listener still
   * needs. Identities stay, unless the retention limits them: a removed event is still a duplicate the second time.
   * Works in small steps while the log is in use. `compact` frees the disk space afterwards.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, `TIDINGS_DURATION_INVALID` (the retention), `TIDINGS_LOG_DAMAGED`,
   *   `TIDINGS_LOG_FAILED` (bodies removed until then stay removed), `TIDINGS_LOG_CLOSED`
   *
   * @example
   * ```ts
   * import { memoryLog } from 'tidings'
   *
   * const log = await memoryLog()
   * for (const identifier of ['1', '2', '3']) await log.accept([{ type: 'greeting', identifier, data: 'hello' }])
   * const { removed, first } = await log.prune({ count: 1 })
   * console.log(removed, first)
   * const [answer] = await log.accept([{ type: 'greeting', identifier: '1', data: 'hello' }])
   * console.log(answer?.status)
   * ```
   */
  prune(retention: Retention): Promise<Pruned>
  /**
   * Frees the disk space of pruned and overwritten records. Works while the log is in use, and needs room for a second
   * copy of the largest tables.
   *
   * @param options `progress` is called with the number of ranges compacted so far, and of all ranges
   * @throws TidingsError `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`
   *
   * @example
   * ```ts
   * import { openLog } from 'tidings'
   *
   * await using log = await openLog('.tidings/example')
   * await log.prune({ age: '90d' })
   * const { before, after } = await log.compact()
   * console.log(before - after, 'bytes are free')
   * ```
   */
  compact(options?: {
    /** Called as ranges are compacted. */
    readonly progress?: Progress
  }): Promise<Compacted>
  /**
   * Measures the log: its contents, its size, its growth, and when the disk is full.
   *
   * @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_CLOSED`
   *
   * @example
   * ```ts
   * import { openLog } from 'tidings'
   *
   * await using log = await openLog('.tidings/example')
   * const { events, disk, fullInDays } = await log.stats()
   * console.log(events.count, disk, fullInDays)
   * ```
   */
  stats(): Promise<Stats>
  /**
   * Copies the log as it is at this moment, while it is in use, to a directory that is empty or missing. Writes to
   * `DIRECTORY.partial`, checks each record, syncs, then renames: a directory of that name is a complete backup.
   * `restoreLog` turns it into a log again.
   *
   * @param options `progress` is called with the number of records copied so far, and of all records (an estimate)
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory is not empty, or is a file, or is inside a log),
   *   `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FAILED` (the disk is full, or access is denied; nothing is left behind)
   *
   * @example
   * ```ts
   * import { memoryLog } from 'tidings'
   *
   * const log = await memoryLog()
   * await log.accept([{ type: 'greeting', identifier: '1', data: 'hello' }])
   * const { last } = await log.backup('backups/today')
   * console.log(last)
   * ```
   */
  backup(
    directory: string,
    options?: {
      /** Called as records are copied. */
      readonly progress?: Progress
    },
  ): Promise<BackedUp>
}
