import type { CancelTimer, Clock } from '../../core/clock.ts'
import { hasCode, TidingsError } from '../../core/errors.ts'
import { keys } from '../format/keys.ts'
import { type EventRecord, encode, type Head } from '../format/records.ts'
import { type Database, SYNCED } from '../store/database.ts'
import { type Addition, Commit, type CommitParticipant, type Op } from './commit.ts'
import { EventIndex, type IndexState } from './event-index.ts'
import { type CommitNumbers, EventlessCommits } from './eventless-commits.ts'
import { FilledBlocks } from './time-spans.ts'

/** The size of a commit. A larger one would take all publishers at once, and nothing would overlap with the disk. */
const MOST_EVENTS = 512
const MOST_BYTES = 1024 * 1024

/** How long participants wait for a commit, in ms, before they get one of their own. */
const IDLE_FLUSH = 50

// `queueMicrotask` creates an asynchronous resource each time.
const NOW = Promise.resolve()

/**
 * The one writer of a log (decision 0001): gathers additions in commits, and writes one commit at a time.
 *
 * ```
 *   add()               #write()                 #done()
 *     │  ops, events      │ oldest commit          │
 *     ▼                   ▼                        ▼
 *   queued ───────────→ being written ───────→ durable
 *   (#queue: commits     (#writing: at most      (#durable: the highest seq)
 *    of ≤ 512 events)     one, in LevelDB)
 *                         ▲                        1 participants: settled(true)
 *   enlist() ─────────────┘                        2 the next commit is handed to LevelDB
 *   participants are asked for their               3 onCommitted: readers, consumers
 *   writes when a commit begins                    4 the waiting publishers resolve
 *
 *   any error ──→ failed (once): participants settled(false) · onFailed · every commit that is queued or being written
 *                 rejects with TIDINGS_LOG_FAILED. Nothing more is written; ReopeningStore makes the next writer.
 * ```
 *
 * Steps 2 and 4 are the whole overlap with the disk: while publishers handle their answers, LevelDB syncs.
 *
 * Invariants
 * - A seq is given out once, in `add`, in order. Commits are written in that order, so a log has no holes unless it is
 *   damaged.
 * - One `add` is never split over two commits, and a commit is one LevelDB batch: all or nothing.
 * - No publisher is answered before the sync has succeeded and the lock was held before and after it (`check`).
 * - After a failed write, nothing that follows can be trusted: LevelDB would acknowledge it and throw it away.
 * - The head in each commit names the highest durable seq when it was built, so a lost tail is noticed at open.
 * - A participant overtakes the queue: its writes go into the next commit, though `add` was called earlier for a later
 *   one. Where both write one key, `Op.order` decides, and the older write is dropped.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #queue: Commit[] = []
  readonly #participants = new Set<CommitParticipant>()
  // The order of the newest write of a key, while older writes of it may still be queued.
  readonly #written = new Map<string, number>()
  #writing: Commit | undefined
  #added: number
  #durable: number
  #first: number
  readonly eventless: EventlessCommits
  readonly index: EventIndex
  readonly #blocks = new FilledBlocks()
  #idle: CancelTimer | undefined
  #failed = false
  #ended = false
  #noting: Promise<unknown> = Promise.resolve()

  constructor(options: WriterOptions) {
    this.#options = options
    this.#added = options.head
    this.#durable = options.head
    this.#first = options.first
    this.eventless = new EventlessCommits(options.eventless)
    this.index = new EventIndex(options.db, options.index)
  }

  /** The highest seq that is durable. */
  get durable(): number {
    return this.#durable
  }

  /** The lowest seq whose body is kept, once the commit that is being written is durable. */
  get first(): number {
    return this.#first
  }

  /** The head record for a commit that ends with this seq. */
  head(last: number): Head {
    return [last, this.#durable, this.#first, ...this.eventless.numbers, ...this.index.inHead]
  }

  /** The number of queued events. */
  get waiting(): number {
    return this.#queue.reduce((sum, commit) => sum + commit.events.length, 0)
  }

  /** The size of the queued events, in characters of their records. */
  get size(): number {
    return this.#queue.reduce((sum, commit) => sum + commit.bytes, 0)
  }

  /** Adds to the last queued commit, or to a new one; resolves when that is durable. */
  add({ ops = [], events = [], texts = [], bytes = 0, first = 0, index }: Addition): Promise<void> {
    let commit = this.#queue.at(-1)
    if (commit === undefined || commit.events.length + events.length > MOST_EVENTS || commit.bytes > MOST_BYTES) {
      commit = new Commit(this.#options.db)
      this.#queue.push(commit)
    }
    for (const op of ops) commit.add(op)
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as EventRecord
      commit.addEvent(event, texts[i] as string)
      const times = this.#blocks.add(event.event)
      if (times !== undefined) commit.add(times)
    }
    if (index !== undefined) commit.index.push(index)
    commit.bytes += bytes
    commit.first = Math.max(commit.first, first)
    this.#added += events.length
    commit.last = this.#added
    this.#soon()
    return commit.durable
  }

  /** Resolves when the commit that is being written, or else the next one, is durable. */
  written(): Promise<void> {
    return this.#writing?.durable ?? this.#queue[0]?.durable ?? Promise.resolve()
  }

  /** Resolves when this seq, which was given out earlier, is durable. */
  async until(seq: number): Promise<void> {
    if (seq <= this.#durable) return
    const commit = [this.#writing, ...this.#queue].find((each) => each !== undefined && each.last >= seq)
    await commit?.durable
  }

  /** Resolves when all additions so far are durable. */
  added(): Promise<void> {
    return this.#queue.at(-1)?.durable ?? this.#writing?.durable ?? Promise.resolve()
  }

  /** Asks this participant when the next commit begins. `hurry`: without additions, a commit begins after 50 ms. */
  enlist(rider: CommitParticipant, hurry: boolean): void {
    if (this.#ended) return
    this.#participants.add(rider)
    if (!hurry || this.#idle !== undefined || this.#queue.length > 0) return
    this.#idle = this.#options.clock.timer(() => void this.flush(), IDLE_FLUSH)
  }

  /** Begins a commit for all additions and participants so far; resolves when it is durable. */
  flush(): Promise<void> {
    this.#idle?.()
    this.#idle = undefined
    if (this.#participants.size > 0 && this.#queue.length === 0) this.#queue.push(new Commit(this.#options.db))
    this.#soon()
    return this.added()
  }

  /** Writes everything that is pending, also what is added meanwhile, then takes no more. */
  async end(): Promise<void> {
    while (this.#participants.size > 0 || this.#queue.length > 0 || this.#writing !== undefined) await this.flush()
    this.#ended = true
    await this.#noting
  }

  // A microtask later, so that publishes of one synchronous step share a commit.
  #soon(): void {
    if (this.#writing === undefined) void NOW.then(() => this.#write())
  }

  #write(): void {
    if (this.#writing !== undefined || this.#failed) return
    const commit = this.#queue.shift()
    if (commit === undefined) return
    this.#idle?.()
    this.#idle = undefined
    commit.last = this.#durable + commit.events.length
    this.#writing = commit
    commit.began = this.#options.clock.now()
    commit.participants = [...this.#participants]
    this.#participants.clear()
    this.#commit(commit).then(
      () => this.#done(commit),
      (error) => this.fail(error),
    )
  }

  /**
   * Writes at once, beside the commits and without syncing: what survives a crash of the process is enough for a note.
   *
   * @throws TidingsError `TIDINGS_LOG_FAILED`
   */
  async note(ops: readonly Op[]): Promise<void> {
    if (this.#failed || this.#ended) throw new TidingsError('TIDINGS_LOG_FAILED', 'the store takes no more notes')
    try {
      const note = new Commit(this.#options.db)
      for (const op of ops) note.put(op)
      this.#options.check()
      const written = note.write({})
      const settled = (): void => undefined
      this.#noting = Promise.all([this.#noting, written.then(settled, settled)]).then(settled)
      await written
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  // Chained batches are up to 3.5 times faster than arrays of operations.
  async #commit(commit: Commit): Promise<void> {
    commit.endEvents()
    for (const rider of commit.participants) for (const op of rider.collect()) commit.ops.push(op)
    for (const op of commit.ops) if (!this.#isOvertaken(op)) commit.put(op)
    if (this.#queue.length === 0) this.#written.clear()
    for (const op of this.index.collect(commit.events, commit.index)) commit.put(op)
    this.#first = Math.max(this.#first, commit.first)
    if (commit.events.length === 0) for (const op of this.eventless.next()) commit.put(op)
    commit.put([keys.head, encode(keys.head, this.head(commit.last))])
    this.eventless.wrote(commit.written)
    this.#options.check()
    await commit.write(this.#options.synced ? SYNCED : {})
    // Another process that took the lock before the sync may not have seen this commit.
    this.#options.check()
  }

  #isOvertaken([key, , order]: Op): boolean {
    if (order === undefined) return false
    if (order < (this.#written.get(key) ?? 0)) return true
    this.#written.set(key, order)
    return false
  }

  #done(commit: Commit): void {
    if (this.#failed) return
    this.#durable = commit.last
    this.eventless.settled()
    this.#writing = undefined
    // Before the next commit asks them again.
    for (const rider of commit.participants) rider.settled(true)
    this.#write()
    this.#options.onCommitted(commit)
    commit.resolve()
  }

  /**
   * Rejects everything that is not acknowledged, and takes no more. Nothing that follows a failed write can be trusted:
   * LevelDB would acknowledge it and throw it away.
   */
  fail(cause: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#idle?.()
    this.#idle = undefined
    for (const rider of [...(this.#writing?.participants ?? []), ...this.#participants]) rider.settled(false)
    const why = cause instanceof Error ? cause.message : String(cause)
    // LevelDB finds damage when it compacts tables, and reports it with the next write.
    const isDamage = hasCode(cause, 'TIDINGS_LOG_DAMAGED') || /corrupt/i.test(why)
    const [code, what] = isDamage
      ? (['TIDINGS_LOG_DAMAGED', 'the store is damaged'] as const)
      : (['TIDINGS_LOG_FAILED', 'a write to the log failed'] as const)
    const error = new TidingsError(code, `${what}, so this is not acknowledged: ${why}`, { cause })
    this.#options.onFailed(error)
    for (const lost of [this.#writing, ...this.#queue.splice(0)]) lost?.reject(error)
  }

  /** The seq of the next event. */
  get next(): number {
    return this.#added + 1
  }
}

export interface WriterOptions {
  readonly db: Database
  /** Times commits, and begins those of participants. */
  readonly clock: Clock
  /** The highest durable seq so far. */
  readonly head: number
  /** True: a commit is durable when it is on disk; false: when LevelDB has it. */
  readonly synced: boolean
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The eventless commits that have a record. */
  readonly eventless: CommitNumbers
  readonly index: IndexState
  /** Throws when another process may write to the store. Called before and after each write. */
  check(): void
  /** Called for each commit in order, before its publishers resolve. */
  onCommitted(commit: Commit): void
  /** Called once; the writer does nothing afterwards. */
  onFailed(error: TidingsError): void
}
