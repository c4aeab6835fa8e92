import { asError, TidingsError } from '../../core/errors.ts'
import type { Pruned, Retention } from '../../log/retention.ts'
import type { Consumers } from '../consumer/consumers.ts'
import { keys } from '../format/keys.ts'
import { decode, type Head } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import { checkFiles, EVERY_BLOCK } from '../store/check-files.ts'
import { takeSnapshot } from '../store/snapshot.ts'
import { type BackedUp, backUp, type Progress } from './backup.ts'
import { type Compacted, compact } from './compact.ts'
import { Pruner } from './prune.ts'
import { type Stats, stats } from './stats.ts'
import { type Problem, type Verification, verify } from './verify.ts'

/** What keeps a log in LevelDB sound, small and safe: each while it is in use. */
export class Upkeep {
  readonly #store: ReopeningStore
  readonly #pruner: Pruner
  readonly #retention: Retention | undefined

  /** `retention`: what the log was opened with. */
  constructor(store: ReopeningStore, consumers: Consumers, retention: Retention | undefined) {
    this.#store = store
    this.#pruner = new Pruner(store, consumers)
    this.#retention = retention
  }

  /**
   * Compares every block of every table with its checksum; then, if they are sound, every record with every other that it
   * should agree with. LevelDB itself can end the process over a damaged table: a damaged block is found without it.
   */
  verify(
    options: Pick<Verification, 'progress'> = {},
  ): Promise<{ readonly ok: boolean; readonly problems: readonly Problem[] }> {
    return this.#do('verifying', async () => {
      const { session, directory } = this.#store
      const blocks = directory === undefined ? [] : await checkBlocks(directory)
      if (blocks.length > 0) return { ok: false, problems: blocks }
      await using db = takeSnapshot(session.db)
      const [head, , first] = decode<Head>(keys.head, await db.get(keys.head)) ?? [0, 0, 1]
      const problems = await verify({ ...options, db, first, head, identity: this.#store.meta.identity })
      if (this.#store.session !== session) throw new Error('the store was opened again meanwhile')
      return { ok: problems.length === 0, problems }
    })
  }

  /**
   * Removes the bodies of events that a retention does not keep, the oldest first, and never one that a listener still
   * needs. Identities stay, unless the retention says for how long: what was told is not told again. In small steps, while
   * the log is in use. The disk is free once it is compacted.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, `TIDINGS_DURATION_INVALID` (the retention), `TIDINGS_LOG_DAMAGED`,
   *   `TIDINGS_LOG_FAILED` (what was removed until then stays so), `TIDINGS_LOG_CLOSED`
   *
   * @example
   * ```ts
   * import { memoryLog } from 'tidings'
   *
   * const log = await memoryLog()
   * for (const identifier of ['1', '2', '3']) await log.accept([{ type: 'greeting', identifier, data: 'hello' }])
   * const { removed, first } = await log.prune({ count: 1 })
   * console.log(removed, first)
   * const [receipt] = await log.accept([{ type: 'greeting', identifier: '1', data: 'hello' }])
   * console.log(receipt?.status)
   * ```
   */
  prune(retention: Retention): Promise<Pruned> {
    return this.#do('pruning', () => this.#pruner.prune(retention))
  }

  /**
   * Gives the disk back that pruned and overwritten records still take. The log may be in use. Needs room for the largest
   * tables a second time.
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
  compact(options: { readonly progress?: Progress } = {}): Promise<Compacted> {
    return this.#do('compacting', () => compact(this.#store, options.progress))
  }

  /**
   * What is in the log, how large it is, and how long the disk will do.
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
  stats(): Promise<Stats> {
    return this.#do('looking at its size', () => stats(this.#store, this.#retention))
  }

  /**
   * Copies the log as it is at this moment, while it is in use, to a directory that is empty or not there. It is written
   * to `DIRECTORY.partial`, checked record by record and synced, then renamed: a directory of that name is a whole backup.
   * See `restoreLog`.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory is not empty, or lies in the log's), `TIDINGS_LOG_DAMAGED`,
   *   `TIDINGS_LOG_FAILED` (the disk is full, there are no rights): then nothing is left behind
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
  backup(directory: string, options: { readonly progress?: Progress } = {}): Promise<BackedUp> {
    return this.#do('backing up', () => backUp(this.#store, directory, options.progress))
  }

  // Closed in the middle of it, the store says so in its own words; the session says it in ours.
  async #do<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      void this.#store.session
      if (error instanceof TidingsError) throw error
      throw new TidingsError('TIDINGS_LOG_FAILED', `${what} the log failed: ${asError(error).message}`, {
        cause: error,
      })
    }
  }
}

async function checkBlocks(directory: string): Promise<Problem[]> {
  return (await checkFiles(directory, EVERY_BLOCK)).map(({ message }) => ({ message }))
}
