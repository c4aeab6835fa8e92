import { asError, TidingsError } from '../../core/errors.ts'
import { Mutex } from '../../core/mutex.ts'
import type { Pruned, Retention } from '../../log/retention.ts'
import type { Problem, Progress, Stats } from '../../log/upkeep.ts'
import type { Consumers } from '../consumer/consumers.ts'
import { keys } from '../format/keys.ts'
import { decode, type Head } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import { checkFiles, EVERY_BLOCK } from '../store/check-files.ts'
import { takeSnapshot } from '../store/snapshot.ts'
import { type BackedUp, backUp } from './backup.ts'
import { type Compacted, compact } from './compact.ts'
import { indexOlder } from './index-older.ts'
import { Pruner } from './prune.ts'
import { stats } from './stats.ts'
import { type Verification, verify } from './verify.ts'

/** Maintains a log in LevelDB while it is in use: verifies, prunes, compacts, measures and backs up. See `LevelLog`. */
export class Upkeep {
  readonly #store: ReopeningStore
  readonly #pruner: Pruner
  readonly #retention: Retention | undefined
  readonly #indexing = new Mutex()

  /** `retention`: what the log was opened with. */
  constructor(store: ReopeningStore, consumers: Consumers, retention: Retention | undefined) {
    this.#store = store
    this.#pruner = new Pruner(store, consumers)
    this.#retention = retention
  }

  verify(
    options: Pick<Verification, 'progress'> = {},
  ): Promise<{ readonly ok: boolean; readonly problems: readonly Problem[] }> {
    return this.#do('verifying', async () => {
      const { session, directory } = this.#store
      const badBlocks = directory === undefined ? [] : await checkFiles(directory, EVERY_BLOCK)
      if (badBlocks.length > 0) return { ok: false, problems: badBlocks.map(({ message }) => ({ message })) }
      await using db = takeSnapshot(session.db)
      const [head, , first, , , unindexed] = decode<Head>(keys.head, await db.get(keys.head)) ?? [0, 0, 1]
      const { identity } = this.#store.meta
      const problems = await verify({ ...options, db, first, head, unindexed, identity })
      if (this.#store.session !== session) throw new Error('the store was reopened meanwhile')
      return { ok: problems.length === 0, problems }
    })
  }

  prune(retention: Retention): Promise<Pruned> {
    return this.#do('pruning', () => this.#pruner.prune(retention))
  }

  index(): Promise<number> {
    return this.#do('indexing', () => this.#indexing.runExclusive(() => indexOlder(this.#store)))
  }

  compact(options: { readonly progress?: Progress } = {}): Promise<Compacted> {
    return this.#do('compacting', () => compact(this.#store, options.progress))
  }

  stats(): Promise<Stats> {
    return this.#do('measuring', () => stats(this.#store, this.#retention))
  }

  backup(directory: string, options: { readonly progress?: Progress } = {}): Promise<BackedUp> {
    return this.#do('backing up', () => backUp(this.#store, directory, options.progress))
  }

  async #do<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      // If the log was closed meanwhile, `session` throws TIDINGS_LOG_CLOSED instead of LevelDB's error.
      void this.#store.session
      if (error instanceof TidingsError) throw error
      throw new TidingsError('TIDINGS_LOG_FAILED', `${what} the log failed: ${asError(error).message}`, {
        cause: error,
      })
    }
  }
}
