import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkText, type Limits } from '../core/limits.ts'
import { checkWrite, snapshotDraft } from '../log/check-draft.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, KeyValue, Log, Origin, Query } from '../log/port.ts'
import type { Pruned, Retention } from '../log/retention.ts'
import { Consumers } from './consumer/consumers.ts'
import { decode, encode, FORGOTTEN, type Identity } from './format/records.ts'
import { keyValue } from './key-value.ts'
import { readEvents, readRecord } from './read/reader.ts'
import { Claims } from './runs/claims.ts'
import type { ReopeningStore } from './session/reopening-store.ts'
import type { BackedUp, Progress } from './upkeep/backup.ts'
import type { Compacted } from './upkeep/compact.ts'
import type { Stats } from './upkeep/stats.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import type { Problem } from './upkeep/verify.ts'
import { decideDrafts } from './write/accept.ts'
import { Backpressure } from './write/backpressure.ts'
import { identityKey, type LookAhead } from './write/identities.ts'

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
    readonly progress?: Progress
  }): Promise<{ readonly ok: boolean; readonly problems: readonly Problem[] }>
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
  compact(options?: { readonly progress?: Progress }): Promise<Compacted>
  /**
   * Measures the log: what is in it, how large it is, how fast it grows and when the disk is full.
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
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory is not empty, or is inside the log's), `TIDINGS_LOG_DAMAGED`,
   *   `TIDINGS_LOG_FAILED` (the disk is full, or access is denied; nothing is left behind)
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
  backup(directory: string, options?: { readonly progress?: Progress }): Promise<BackedUp>
}

/** Makes the log on top of an open store; `retention`: what the log was opened with. */
export function createLevelLog(store: ReopeningStore, limits: Limits, retention?: Retention): LevelLog {
  return new LogOnLevelDb(store, limits, retention)
}

/** The number of identities looked up at a time, some milliseconds of work; larger calls yield the event loop between. */
const LOOKED_UP_AT_ONCE = 1000

class LogOnLevelDb implements LevelLog {
  readonly id: string
  readonly durability: 'disk' | 'process'
  readonly dense = true
  readonly clock: Clock
  readonly committed$: Observable<number>
  readonly #store: ReopeningStore
  readonly #limits: Limits
  readonly #backpressure: Backpressure
  readonly #consumers: Consumers
  readonly #claims: Claims
  readonly #upkeep: Upkeep

  constructor(store: ReopeningStore, limits: Limits, retention?: Retention) {
    this.#store = store
    this.#limits = limits
    this.clock = store.clock
    this.#backpressure = new Backpressure(() => store.session.writer)
    this.id = store.meta.id
    this.durability = store.durability
    this.committed$ = store.committed$
    this.#consumers = new Consumers(store)
    this.#upkeep = new Upkeep(store, this.#consumers, retention)
    this.#claims = new Claims(store, crypto.randomUUID())
    store.onClosing = () => this.#consumers.closing()
    store.onCommitted = (events) => this.#consumers.committed(events)
    store.onReopened = () => this.#consumers.reopened()
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#store.state
  }

  accept(drafts: readonly Draft[], origin: Origin = {}): Promise<readonly Accepted[]> {
    try {
      const ahead: LookAhead | undefined = drafts?.length > LOOKED_UP_AT_ONCE ? { identities: new Map() } : undefined
      const turn = this.#backpressure.pass(
        () => this.#decide(drafts, origin),
        () => this.#decideLater(drafts, origin, ahead),
        ahead === undefined ? undefined : () => this.#lookAhead(drafts, ahead),
      )
      return turn instanceof Promise ? turn.then(whenDurable) : whenDurable(turn)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Copies the drafts now, because the caller may change them before their turn comes. */
  #decideLater(drafts: readonly Draft[], origin: Origin, ahead?: LookAhead): () => Decided {
    const copies = Array.isArray(drafts) ? drafts.map(snapshotDraft) : drafts
    const copied = origin.state === undefined ? origin : { ...origin, state: origin.state.map(checkWrite) }
    return () => this.#decide(copies, copied, ahead)
  }

  // Look-ups take most of the time that many duplicates need. The event loop gets its turn between them; other accepts
  // do not, because they wait in line. Identities forgotten meanwhile are in memory, which is looked at first.
  async #lookAhead(drafts: readonly Draft[], ahead: LookAhead): Promise<void> {
    const { identities } = this.#store.session
    const { identity } = this.#store.meta
    ahead.by = identities
    for (let i = 0; i < drafts.length; i++) {
      const { type, identifier } = drafts[i] ?? {}
      if (typeof type !== 'string' || typeof identifier !== 'string') continue
      const key = identityKey(identity, type, identifier)
      ahead.identities.set(key, identities.find(key))
      if (i % LOOKED_UP_AT_ONCE === LOOKED_UP_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  // Synchronous: no other accept comes between the look-up, the decision and its place in the queue.
  #decide(drafts: readonly Draft[], origin: Origin, ahead?: LookAhead): Decided {
    if (!Array.isArray(drafts))
      throw new TidingsError('TIDINGS_LOG_INVALID', `accept() needs an array of drafts, got ${describe(drafts)}`)
    const { writer, identities, states } = this.#store.session
    const { identity } = this.#store.meta
    const known = { find: (key: string) => identities.find(key, ahead) }
    const rules = { identity, limits: this.#limits, identities: known, next: writer.next, now: this.clock.now() }
    const decision = decideDrafts(drafts, origin, rules)
    const { answers } = decision
    const writes = origin.state?.map(checkWrite) ?? []
    const completing = origin.completes === undefined ? undefined : this.#claims.completing(origin.completes)
    const rest = [...(writes.length === 0 ? [] : states.write(writes)), ...(completing?.ops ?? [])]
    // A duplicate of an event that is not durable yet is answered once the event is.
    if (decision.ops.length + rest.length === 0) return { answers, durable: writer.until(decision.newest) }
    const durable = writer.add(rest.length === 0 ? decision : { ...decision, ops: [...decision.ops, ...rest] })
    if (completing !== undefined) durable.catch(completing.undo)
    for (const [key, each] of decision.identities) identities.remember(key, each, writer.next - 1)
    return { answers, durable }
  }

  async *events(query: Query = {}): AsyncGenerator<StoredEvent> {
    const { writer } = this.#store.session
    try {
      const records = readEvents(() => this.#store.session, query, writer.durable)
      for await (const { event } of records) yield event
    } catch (error) {
      // If the log was closed meanwhile, `session` throws TIDINGS_LOG_CLOSED instead of LevelDB's error.
      void this.#store.session
      throw error
    }
  }

  async get(type: string, identifier: string): Promise<StoredEvent | undefined> {
    const key = this.#identity(type, identifier)
    const { session } = this.#store
    const [seq] = decode<Identity>(key, await session.db.get(key)) ?? [FORGOTTEN]
    const record = seq === FORGOTTEN ? undefined : await readRecord(session, seq)
    return record?.event.type === type ? record.event : undefined
  }

  async last(): Promise<number> {
    return this.#store.session.writer.durable
  }

  async forget(type: string, identifier: string): Promise<boolean> {
    const key = this.#identity(type, identifier)
    const { identities, writer } = this.#store.session
    if (identities.find(key) === undefined) return false
    const forgotten: Identity = [FORGOTTEN]
    identities.remember(key, forgotten, writer.next - 1)
    await this.#store.commit([[key, encode(key, forgotten)]])
    return true
  }

  // A string that is not well-formed would become the key of another one, and a look-up would find the wrong event.
  #identity(type: string, identifier: string): string {
    checkText(type, Number.POSITIVE_INFINITY, 'TIDINGS_TYPE_INVALID', 'the type of an event')
    checkText(identifier, Number.POSITIVE_INFINITY, 'TIDINGS_IDENTIFIER_INVALID', 'the identifier of an event')
    return identityKey(this.#store.meta.identity, type, identifier)
  }

  async consumer(name: string, options: ConsumerOptions): Promise<Consumer> {
    return this.#consumers.open(name, options)
  }

  async forgetConsumer(name: string): Promise<boolean> {
    return this.#consumers.forget(name)
  }

  consumers(): AsyncIterable<ConsumerInfo> {
    return this.#consumers.list()
  }

  store(namespace: string): KeyValue {
    return keyValue(this.#store, namespace)
  }

  async claim(job: string, slot: Date, ttl: number, options?: ClaimOptions): Promise<Claim | undefined> {
    return this.#claims.claim(job, slot, ttl, options)
  }

  async plan(job: string, plan: SlotPlan): Promise<void> {
    return this.#claims.plan(job, plan)
  }

  async slots(job: string): Promise<SlotsOfJob> {
    return this.#claims.slots(job)
  }

  async forgetSlots(job: string): Promise<boolean> {
    return this.#claims.forget(job)
  }

  async note(job: string, slot: Date, outcome: unknown): Promise<void> {
    return this.#claims.note(job, slot, outcome)
  }

  runs(job: string, options: { readonly limit?: number; readonly reverse?: boolean } = {}): AsyncIterable<RunRecord> {
    return this.#claims.remembered(job, options)
  }

  verify(options?: { readonly progress?: Progress }): ReturnType<LevelLog['verify']> {
    return this.#upkeep.verify(options)
  }

  prune(retention: Retention): Promise<Pruned> {
    return this.#upkeep.prune(retention)
  }

  compact(options?: { readonly progress?: Progress }): Promise<Compacted> {
    return this.#upkeep.compact(options)
  }

  stats(): Promise<Stats> {
    return this.#upkeep.stats()
  }

  backup(directory: string, options?: { readonly progress?: Progress }): Promise<BackedUp> {
    return this.#upkeep.backup(directory, options)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** The answers to one accept, and when they are durable. */
interface Decided {
  readonly answers: readonly Accepted[]
  readonly durable: Promise<void>
}

// Only one more promise for each accept: publishers come by the thousand.
function whenDurable({ answers, durable }: Decided): Promise<readonly Accepted[]> {
  return durable.then(() => answers)
}
