import { type Observable, Subject } from 'rxjs'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import { asError, hasCode, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
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
const MARK_EVERY = 1000

/** How long to wait before the store is opened again, in ms: after the first try, and at most. */
const REOPEN = { first: 100, most: 10_000 }

/** What a log is made of. */
export interface ReopeningStoreOptions {
  readonly source: DatabaseSource
  readonly marks: MarkFile
  readonly clock: Clock
  readonly durability: 'disk' | 'process'
  readonly identity: Meta['identity'] | undefined
  /** Default: none is kept between two openings. */
  readonly identityFilter?: IdentityFilterSettings
  /** Throws when nothing may be written. */
  readonly beforeWrite?: () => void
  warn(message: string): void
}

/**
 * The store of an open log: one session after another. A failed write ends a session; the store is closed and opened
 * again, for as long as it takes, before the log goes on: LevelDB acknowledges what it is given after a failed write,
 * and throws it away (facts).
 */
export class ReopeningStore {
  readonly meta: Meta
  /** Emits when the store was closed after a failed write, or opened again; errors when the log is closed. */
  readonly changes$ = new Subject<unknown>()
  readonly committed$: Observable<number>
  readonly #committed$ = new Subject<number>()
  readonly #options: ReopeningStoreOptions
  readonly #filter: IdentityFilter
  readonly #lock: StoreLock | undefined
  // The lock is gone: others may have written since, so what is known here of the store may be wrong. The log closes itself.
  #lost = false
  #session: Session | undefined
  #failure: TidingsError | undefined
  #told: number
  // The highest seq when the store was opened.
  #opened: number
  #closed: Promise<void> | undefined
  // The last commit was written: nothing can ride any more.
  #ended = false
  #reopened: Promise<void> = Promise.resolve()
  #cancel: CancelTimer = () => undefined
  #markTimer: CancelTimer | undefined
  #marking: Promise<void> = Promise.resolve()
  /** Called with each new session but the first, before anybody reads from it. */
  onReopened: (session: Session) => void = () => undefined
  /** Called after each commit, with the events that it made durable. */
  onCommitted: (events: readonly EventRecord[]) => void = () => undefined
  /** Called once, while a last commit can still be ridden in. */
  onClosing: () => void = () => undefined

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
    this.#filter = new IdentityFilter({
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

  /** Where it is, if it is on disk. */
  get directory(): string | undefined {
    return this.#options.source.directory
  }

  get durability(): 'disk' | 'process' {
    return this.#options.durability
  }

  /** False while the store is closed after a failed write, and once the log is closed. */
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
   * @throws TidingsError `TIDINGS_LOG_CLOSED`, or `TIDINGS_LOG_FAILED` while the store can't be opened again
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
   * The session that takes writes: also while the log is being closed, until its last commit. Undefined while the store
   * is closed after a failed write, and after that last commit.
   */
  get writable(): Session | undefined {
    return this.#ended ? undefined : this.#session
  }

  /** The highest durable seq, also while the store is closed. */
  get durable(): number {
    return (this.#closed === undefined ? this.#session?.writer.durable : undefined) ?? this.#told
  }

  /** The store was found damaged: nothing more is written or read, until the log is opened anew by somebody who has seen to it. */
  damaged(error: TidingsError): void {
    this.#session?.writer.fail(error)
  }

  /** Writes these operations; resolves when they are durable. */
  commit(ops: readonly Op[]): Promise<void> {
    return this.session.writer.add({ ops, events: [], bytes: 0 })
  }

  close(): Promise<void> {
    this.#closed ??= this.#end(this.#session)
    return this.#closed
  }

  #start(sound: OpenedStore): Session {
    const { clock, durability } = this.#options
    return new Session(sound, {
      clock,
      synced: durability === 'disk',
      identityFilter: this.#filter,
      check: () => {
        this.#options.beforeWrite?.()
        this.#check()
      },
      onCommitted: (seq, events) => {
        this.#committed(seq)
        this.onCommitted(events)
      },
      onFailed: (error) => this.#failed(error),
    })
  }

  #committed(seq: number): void {
    if (seq > this.#told) this.#committed$.next(seq)
    this.#told = seq
    // Without syncing, what is acknowledged may be lost with the power, and is no loss to be told: no mark until close.
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
    // Opened again, a damaged store would be as damaged: identities that it lost would be told twice.
    const stays = this.#lost || error.code === 'TIDINGS_LOG_DAMAGED'
    this.#reopened = stays ? broken.db.close().catch(() => undefined) : this.#reopen(broken)
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
        this.#filter.reopened()
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
        this.#options.warn('the log was opened again after a failed write')
        this.#committed(sound.head)
        this.changes$.next(undefined)
        return
      } catch (error) {
        const code = hasCode(error, 'TIDINGS_LOG_DAMAGED') ? 'TIDINGS_LOG_DAMAGED' : 'TIDINGS_LOG_FAILED'
        const words = `the log can't be opened again: ${asError(error).message}`
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
      // What riders carry, and are told meanwhile, goes into the last commits.
      await session.writer.end()
      this.#ended = true
      this.#check()
      if (this.#options.durability !== 'disk') await session.sync()
      await this.#mark()
      await this.#filter
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
