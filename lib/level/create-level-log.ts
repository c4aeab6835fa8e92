import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkText, type Limits } from '../core/limits.ts'
import { checkWrite, snapshotDraft } from '../log/check-draft.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import { checkHold, HELD_FOR_EVER } from '../log/hold.ts'
import { LogMeter } from '../log/log-meter.ts'
import type {
  Consumer,
  ConsumerInfo,
  ConsumerOptions,
  EventPlace,
  Hold,
  KeyValue,
  Origin,
  Query,
  Stored,
  TypeCount,
} from '../log/port.ts'
import type { Pruned, Retention } from '../log/retention.ts'
import type { Progress, Stats } from '../log/upkeep.ts'
import { Consumers } from './consumer/consumers.ts'
import { decode, encode, FORGOTTEN, type Identity, lastTold } from './format/records.ts'
import { keyValue } from './key-value.ts'
import type { LevelLog } from './level-log.ts'
import { followers, typeCounts } from './read/index-of-events.ts'
import { readEvents } from './read/reader.ts'
import { readRecord } from './read/records.ts'
import { Claims } from './runs/claims.ts'
import type { ReopeningStore } from './session/reopening-store.ts'
import type { BackedUp } from './upkeep/backup.ts'
import type { Compacted } from './upkeep/compact.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import { type AcceptDecision, type Answers, decideDrafts, receiptsOf } from './write/accept.ts'
import { Backpressure } from './write/backpressure.ts'
import { identityKey, type LookAhead } from './write/identities.ts'

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
  readonly shared = false
  readonly clock: Clock
  readonly committed$: Observable<number>
  readonly meter = new LogMeter()
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
    store.onCommitted = (events, ms) => {
      this.meter.committed(events, ms)
      this.#consumers.committed(events)
    }
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

  async preview(drafts: readonly Draft[]): Promise<readonly Accepted['status'][]> {
    const ahead: LookAhead = { identities: new Map() }
    if (drafts?.length > LOOKED_UP_AT_ONCE) await this.#lookAhead(drafts, ahead)
    return this.#answers(drafts, {}, ahead).statuses
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

  #answers(drafts: readonly Draft[], origin: Origin, ahead?: LookAhead): AcceptDecision {
    if (!Array.isArray(drafts))
      throw new TidingsError('TIDINGS_LOG_INVALID', `a log accepts an array of drafts, got ${describe(drafts)}`)
    const { writer, identities } = this.#store.session
    const { identity } = this.#store.meta
    const known = ahead === undefined ? identities : { find: (key: string) => identities.find(key, ahead) }
    const rules = { identity, limits: this.#limits, identities: known, next: writer.next, now: this.clock.now() }
    return decideDrafts(drafts, origin, rules)
  }

  // A log that has failed refuses nothing: it does not know.
  #judge(drafts: readonly Draft[], origin: Origin, ahead?: LookAhead): AcceptDecision {
    try {
      return this.#answers(drafts, origin, ahead)
    } catch (error) {
      if (this.#store.state === 'ready') this.meter.refused(drafts)
      throw error
    }
  }

  // Synchronous: no other accept comes between the look-up, the decision and its place in the queue.
  #decide(drafts: readonly Draft[], origin: Origin, ahead?: LookAhead): Decided {
    const decision = this.#judge(drafts, origin, ahead)
    const { statuses, seqs, events } = decision
    this.meter.answered(drafts, statuses, origin)
    // Not all of the decision: its texts would wait for the disk too.
    const answers = { statuses, seqs, events }
    const { writer, identities, states } = this.#store.session
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

  async toldAs(type: string, identifier: string): Promise<number | undefined> {
    const key = this.#identity(type, identifier)
    const known = decode<Identity>(key, await this.#store.session.db.get(key))
    return known === undefined || known[0] === FORGOTTEN ? undefined : lastTold(known)[0]
  }

  async stored(seq: number): Promise<Stored | undefined> {
    const { session } = this.#store
    const isThere = Number.isSafeInteger(seq) && seq >= session.first && seq <= session.writer.durable
    const record = isThere ? await readRecord(session, seq) : undefined
    if (record === undefined) return undefined
    const { event, told, run } = record
    return { event, told, ...defined({ run }) }
  }

  async *types(): AsyncGenerator<TypeCount> {
    const { session } = this.#store
    yield* this.#unlessClosed(typeCounts(session, session.writer.index.unindexed))
  }

  async *causedBy(seq: number): AsyncGenerator<StoredEvent> {
    yield* this.#unlessClosed(followers(() => this.#store.session, seq))
  }

  async *#unlessClosed<T>(reading: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* reading
    } catch (error) {
      void this.#store.session
      throw error
    }
  }

  index(): Promise<number> {
    return this.#upkeep.index()
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

  async place(name: string, seq: number): Promise<EventPlace | undefined> {
    return this.#consumers.place(name, seq)
  }

  consumers(): AsyncIterable<ConsumerInfo> {
    return this.#consumers.list()
  }

  store(namespace: string): KeyValue {
    return keyValue(this.#store, namespace)
  }

  async hold(name: string): Promise<Hold> {
    checkHold(name)
    if (this.state === 'closed') throw new TidingsError('TIDINGS_LOG_CLOSED', 'the log is closed')
    return HELD_FOR_EVER
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
  readonly answers: Answers
  readonly durable: Promise<void>
}

// Only one more promise for each accept: publishers come by the thousand.
function whenDurable({ answers, durable }: Decided): Promise<readonly Accepted[]> {
  return durable.then(() => receiptsOf(answers))
}
