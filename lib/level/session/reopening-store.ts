import { type Observable, Subject } from 'rxjs'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import { asError, hasCode, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { SECOND } from '../../core/time-units.ts'
import { type EventRecord, FORMAT, type Meta } from '../format/records.ts'
import type { DatabaseSource } from '../store/database.ts'
import type { StoreLock } from '../store/directory-lock.ts'
import { noIdentityFilterFile } from '../store/identity-filter-file.ts'
import type { MarkFile } from '../store/marker-file.ts'
import type { Op } from '../write/commit.ts'
import { identityKey } from '../write/identities.ts'
import { IdentityFilter, type IdentityFilterSettings } from '../write/identity-filter.ts'
import { type OpenedStore, openStore } from './open.ts'
import { Session } from './session.ts'

/** The MARK file is written at most this often, in ms. */
const MARK_EVERY = SECOND

/** The pause between two attempts to reopen the store, in ms: doubled after each one. */
const REOPEN = { first: 100, most: 10 * SECOND }

/** The parts of a log. */
export interface ReopeningStoreOptions {
  readonly source: DatabaseSource
  /** Where the highest acknowledged seq is kept beside the store. */
  readonly marks: MarkFile
  /** Times the reopening and the MARK file. */
  readonly clock: Clock
  readonly durability: 'disk' | 'process'
  /** The rule that the caller asked for; undefined: the rule of the log. */
  readonly identity: Meta['identity'] | undefined
  /** Default: the identity filter is not kept between two openings. */
  readonly identityFilter?: IdentityFilterSettings
  /** Throws when nothing may be written: the log is read-only. */
  readonly beforeWrite?: () => void
  /** Called with failures, and with what was repaired. */
  warn(message: string): void
}

/**
 * The store of an open log: one session after another. LevelDB acknowledges writes that follow a failed one, and throws
 * them away; so a failed write ends the session, and the store is closed and reopened before the log continues (decision 0004).
 *
 * ```
 *    open()
 *      │ lock, openStore, MARK
 *      ▼          a write fails                         close the database
 *    ready ──────────────────────────→ failed ──────────────────────────────→ reopening
 *      ▲         writer.fail(): waiting   │                                     │   ▲
 *      │         publishers reject,       │ the store is damaged:               │   │ openStore fails:
 *      │         changes$ emits           │ stays failed until close()          │   │ pause 100 ms … 10 s
 *      │                                  │                                     └───┘
 *      └──────────────────────────────────┼──────────────────────── openStore succeeds:
 *         new Session, onReopened,        │                         consumers repeat what the failed
 *         changes$ and committed$ emit    │                         commit carried
 *                                         ▼
 *    close(), from any state, and the lost lock ──→ closed: onClosing, last commits, MARK, FILTER, database, lock
 * ```
 *
 * `state` is `failed` in both middle states.
 *
 * Invariants
 * - There is at most one session, and it owns the only open database. Without one, `session` throws.
 * - Nothing acknowledged is lost over a reopening: `openStore` checks the floor and the MARK again.
 * - Writes that were not acknowledged may be stored all the same. Publishers ask again, and are answered `duplicate`.
 * - The lock is held from `open` until `close`, over every reopening. A lost lock closes the log, because another process
 *   may have written since.
 * - `closed` is final. `changes$` ends with an error and `committed$` completes, so that no caller waits for ever.
 */
export class ReopeningStore {
  readonly meta: Meta
  /** Emits when the store has failed, and when it is reopened; errors when the log is closed. */
  readonly changes$ = new Subject<unknown>()
  /** Emits the highest durable seq whenever it rises; completes when the log is closed. */
  readonly committed$: Observable<number>
  readonly #committed$ = new Subject<number>()
  readonly #options: ReopeningStoreOptions
  readonly #identityFilter: IdentityFilter
  readonly #lock: StoreLock | undefined
  // Another process may have written since, so what this one knows of the store may be wrong. The log closes itself.
  #lost = false
  #session: Session | undefined
  #failure: TidingsError | undefined
  #told: number
  // The highest seq when the store was opened.
  #opened: number
  #closed: Promise<void> | undefined
  // The last commit was written.
  #ended = false
  #reopened: Promise<void> = Promise.resolve()
  #cancel: CancelTimer = () => undefined
  #markTimer: CancelTimer | undefined
  #marking: Promise<void> = Promise.resolve()
  /** Called with each session after the first, before it is used. */
  onReopened: (session: Session) => void = () => undefined
  /** Called after each commit with the events that are durable now, and how many ms it took. */
  onCommitted: (events: readonly EventRecord[], ms: number) => void = () => undefined
  /** Called once, before the last commit is built. */
  onClosing: () => void = () => undefined

  /**
   * Locks and opens the store.
   *
   * @throws TidingsError `TIDINGS_LOG_LOCKED`, `TIDINGS_LOG_INVALID`, `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FORMAT`,
   *   `TIDINGS_LOG_IDENTITY`, `TIDINGS_LOG_FAILED`
   */
  static async open(options: ReopeningStoreOptions): Promise<ReopeningStore> {
    const lock = await options.source.lock?.()
    const sound = await openStore(options.source, options.marks, options).catch((error: unknown) => {
      lock?.release()
      throw error
    })
    const store = new ReopeningStore(options, sound, lock)
    try {
      await store.#mark()
      return store
    } catch (error) {
      await store.#session?.db.close()
      lock?.release()
      throw new TidingsError('TIDINGS_LOG_FAILED', `the MARK file could not be written: ${asError(error).message}`, {
        cause: error,
      })
    }
  }

  private constructor(options: ReopeningStoreOptions, sound: OpenedStore, lock: StoreLock | undefined) {
    this.#options = options
    this.#lock = lock
    if (lock !== undefined) lock.onLost = (error) => this.#lose(error)
    this.meta = sound.meta
    this.committed$ = this.#committed$.asObservable()
    const { id: log, identity } = sound.meta
    const identityOf = ({ type, identifier }: StoredEvent): string => identityKey(identity, type, identifier)
    this.#identityFilter = new IdentityFilter({
      file: noIdentityFilterFile,
      ...options.identityFilter,
      log,
      identityKey: identityOf,
    })
    this.#session = this.#start(sound)
    this.#told = sound.head
    this.#opened = sound.head
  }

  get clock(): Clock {
    return this.#options.clock
  }

  /** The folder of the store; undefined in memory. */
  get directory(): string | undefined {
    return this.#options.source.directory
  }

  get durability(): 'disk' | 'process' {
    return this.#options.durability
  }

  /** Whether there is a session: false while the store is failed, and once the log is closed. */
  get ready(): boolean {
    return this.#session !== undefined && this.#closed === undefined
  }

  get state(): 'ready' | 'failed' | 'closed' {
    if (this.#closed !== undefined) return 'closed'
    return this.#session === undefined ? 'failed' : 'ready'
  }

  /**
   * The present session.
   *
   * @throws TidingsError `TIDINGS_LOG_CLOSED`; `TIDINGS_LOG_FAILED` or `TIDINGS_LOG_DAMAGED` while the store is failed
   */
  get session(): Session {
    if (this.#closed !== undefined) {
      const why = this.#lost ? `: ${this.#failure?.message}` : ''
      throw new TidingsError('TIDINGS_LOG_CLOSED', `the log is closed${why}`)
    }
    if (this.#session === undefined) throw this.#failure as TidingsError
    return this.#session
  }

  /**
   * The session that takes writes, until the last commit of a log that is closing. Undefined while the store is failed,
   * and after that commit.
   */
  get writable(): Session | undefined {
    return this.#ended ? undefined : this.#session
  }

  /** The highest durable seq, also while the store is failed. */
  get durable(): number {
    return (this.#closed === undefined ? this.#session?.writer.durable : undefined) ?? this.#told
  }

  /** Fails a damaged store for good: it stays failed until the log is closed, and repaired or restored by a person. */
  damaged(error: TidingsError): void {
    this.#session?.writer.fail(error)
  }

  /** Commits these operations; resolves when they are durable. */
  commit(ops: readonly Op[]): Promise<void> {
    return this.session.writer.add({ ops })
  }

  /** Writes what is pending and closes the store. Calling it again returns the same promise. */
  close(): Promise<void> {
    this.#closed ??= this.#end(this.#session)
    return this.#closed
  }

  #start(sound: OpenedStore): Session {
    const { clock, durability } = this.#options
    return new Session(sound, {
      clock,
      synced: durability === 'disk',
      readOnly: this.#options.beforeWrite !== undefined,
      identityFilter: this.#identityFilter,
      check: () => {
        this.#options.beforeWrite?.()
        this.#check()
      },
      onCommitted: (seq, events, ms) => {
        this.#committed(seq)
        this.onCommitted(events, ms)
      },
      onFailed: (error) => this.#failed(error),
    })
  }

  #committed(seq: number): void {
    if (seq > this.#told) this.#committed$.next(seq)
    this.#told = seq
    // A log that is not synced may lose acknowledged events with the power. A MARK would report that as damage.
    if (this.#options.durability !== 'disk' || this.#closed !== undefined) return
    this.#markTimer ??= this.#options.clock.timer(() => {
      this.#markTimer = undefined
      this.#mark().catch((error) => this.#options.warn(`the MARK file could not be written: ${asError(error).message}`))
    }, MARK_EVERY)
  }

  /** @throws TidingsError `TIDINGS_LOG_FAILED` when the lock is lost */
  #check(): void {
    try {
      this.#lock?.check()
    } catch (error) {
      this.#lost = true
      throw error
    }
  }

  #lose(error: TidingsError): void {
    this.#lost = true
    if (this.#closed !== undefined) return
    if (this.#session !== undefined) return this.#session.writer.fail(error)
    this.#failure = error
    void this.close()
  }

  #mark(): Promise<void> {
    const writer = this.#session?.writer
    if (writer === undefined) return this.#marking
    const { durable: seq } = writer
    const mark = { id: this.meta.id, format: FORMAT, seq, opened: this.#opened, quiet: writer.eventless.durable }
    const write = async (): Promise<void> => {
      this.#check()
      await this.#options.marks.write(mark)
    }
    this.#marking = this.#marking.then(write, write)
    return this.#marking
  }

  #failed(error: TidingsError): void {
    const broken = this.#session as Session
    this.#session = undefined
    this.#failure = error
    this.#options.warn(error.message)
    this.changes$.next(undefined)
    // Reopened, a damaged store would accept identities again that it has lost.
    const isFinal = this.#lost || error.code === 'TIDINGS_LOG_DAMAGED'
    this.#reopened = isFinal ? broken.db.close().catch(() => undefined) : this.#reopen(broken)
    if (this.#lost) void this.close()
  }

  async #reopen(broken: Session): Promise<void> {
    await broken.db.close().catch(() => undefined)
    for (
      let pause = REOPEN.first;
      this.#closed === undefined && !this.#lost;
      pause = Math.min(pause * 2, REOPEN.most)
    ) {
      try {
        const sound = await openStore(this.#options.source, this.#options.marks, {
          ...this.#options,
          isReopening: true,
        })
        if (this.#closed !== undefined) return await sound.db.close()
        this.#identityFilter.reopened()
        const session = this.#start(sound)
        this.#session = session
        try {
          this.onReopened(session)
        } catch (error) {
          this.#session = undefined
          await sound.db.close()
          throw error
        }
        this.#opened = sound.head
        this.#options.warn('the log was reopened after a failed write')
        this.#committed(sound.head)
        this.changes$.next(undefined)
        return
      } catch (error) {
        const code = hasCode(error, 'TIDINGS_LOG_DAMAGED') ? 'TIDINGS_LOG_DAMAGED' : 'TIDINGS_LOG_FAILED'
        const words = `the log can't be reopened: ${asError(error).message}`
        this.#failure = new TidingsError(code, words, { cause: error })
        await new Promise<void>((resolve) => {
          const stop = this.#options.clock.timer(resolve, pause)
          this.#cancel = () => (stop(), resolve())
        })
      }
    }
  }

  async #end(session: Session | undefined): Promise<void> {
    this.#cancel()
    this.#markTimer?.()
    if (session !== undefined) this.onClosing()
    try {
      await this.#reopened
      if (session === undefined) return
      // Also writes what participants add meanwhile.
      await session.writer.end()
      this.#ended = true
      this.#check()
      if (this.#options.durability !== 'disk') await session.sync()
      await this.#mark()
      await this.#identityFilter
        .keep(session)
        .catch((error) => this.#options.warn(`the FILTER file could not be written: ${asError(error).message}`))
    } finally {
      this.#ended = true
      await session?.db.close()
      this.#lock?.release()
      this.#committed$.complete()
      this.changes$.error(new TidingsError('TIDINGS_LOG_CLOSED', 'the log is closed'))
    }
  }
}
