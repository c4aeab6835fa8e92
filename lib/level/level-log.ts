import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkText, type Limits } from '../core/limits.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import { checkWrite } from '../log/limits.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, KeyValue, Log, Origin, Query } from '../log/port.ts'
import type { Retention } from '../log/retention.ts'
import { snapshotDraft } from '../log/snapshot-draft.ts'
import { Consumers } from './consumer/consumers.ts'
import { decode, encode, FORGOTTEN, type Identity } from './format/records.ts'
import { keyValue } from './key-value.ts'
import { readEvents, readRecord } from './read/reader.ts'
import { Claims } from './runs/claims.ts'
import type { ReopeningStore } from './session/reopening-store.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import { decideDrafts } from './write/accept.ts'
import { Backpressure } from './write/backpressure.ts'
import { identityKey, type LookAhead } from './write/identities.ts'

/** So many identities are looked up in one go, some milliseconds' work; a larger accept yields the event loop between. */
const AT_ONCE = 1000

/** The log in LevelDB, on disk or in memory. Made by `openLog` and `memoryLog`. */
export class LevelLog extends Upkeep implements Log {
  readonly id: string
  readonly durability: 'disk' | 'process'
  readonly dense = true
  readonly clock: Clock
  readonly committed$: Observable<number>
  readonly #store: ReopeningStore
  readonly #limits: Limits
  readonly #gate: Backpressure
  readonly #consumers: Consumers
  readonly #claims: Claims

  constructor(store: ReopeningStore, limits: Limits, retention?: Retention) {
    const consumers = new Consumers(store)
    super(store, consumers, retention)
    this.#store = store
    this.#limits = limits
    this.clock = store.clock
    this.#gate = new Backpressure(() => store.session.writer)
    this.id = store.meta.id
    this.durability = store.durability
    this.committed$ = store.committed$
    this.#consumers = consumers
    this.#claims = new Claims(store, crypto.randomUUID())
    store.onClosing = () => this.#consumers.closing()
    store.onCommitted = (events) => this.#consumers.committed(events)
    store.onReopened = ({ states }) => this.#consumers.reopened(states)
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#store.state
  }

  accept(drafts: readonly Draft[], origin: Origin = {}): Promise<readonly Accepted[]> {
    try {
      const found: LookAhead | undefined = drafts?.length > AT_ONCE ? { identities: new Map() } : undefined
      const turn = this.#gate.pass(
        () => this.#decide(drafts, origin),
        () => this.#later(drafts, origin, found),
        found === undefined ? undefined : () => this.#lookAhead(drafts, found),
      )
      return turn instanceof Promise ? turn.then(answer) : answer(turn)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #later(drafts: readonly Draft[], origin: Origin, found?: LookAhead): () => Decided {
    const now = Array.isArray(drafts) ? drafts.map(snapshotDraft) : drafts
    const written = origin.state === undefined ? origin : { ...origin, state: origin.state.map(checkWrite) }
    return () => this.#decide(now, written, found)
  }

  // Look-ups take most of the time that many duplicates need. Here the event loop gets its turn between them, and no other
  // accept does: those that came later wait in line. What is forgotten meanwhile is remembered, and looked at first.
  async #lookAhead(drafts: readonly Draft[], found: LookAhead): Promise<void> {
    const { identities } = this.#store.session
    const { identity } = this.#store.meta
    found.by = identities
    for (let i = 0; i < drafts.length; i++) {
      const { type, identifier } = drafts[i] ?? {}
      if (typeof type !== 'string' || typeof identifier !== 'string') continue
      const key = identityKey(identity, type, identifier)
      found.identities.set(key, identities.find(key))
      if (i % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  // In one go: nobody comes between the look-up, the decision and its place in the queue.
  #decide(drafts: readonly Draft[], origin: Origin, found?: LookAhead): Decided {
    if (!Array.isArray(drafts))
      throw new TidingsError('TIDINGS_LOG_INVALID', `accept() needs an array of drafts, got ${describe(drafts)}`)
    const { writer, identities, states } = this.#store.session
    const { identity } = this.#store.meta
    const known = { find: (key: string) => identities.find(key, found) }
    const rules = { identity, limits: this.#limits, identities: known, next: writer.next, now: this.clock.now() }
    const decision = decideDrafts(drafts, origin, rules)
    const { answers: receipts } = decision
    const writes = origin.state?.map(checkWrite) ?? []
    const completing = origin.completes === undefined ? undefined : this.#claims.completing(origin.completes)
    const rest = [...(writes.length === 0 ? [] : states.write(writes)), ...(completing?.ops ?? [])]
    // A duplicate of an event that is not durable yet is no answer yet either.
    if (decision.ops.length + rest.length === 0) return { receipts, durable: writer.until(decision.newest) }
    const durable = writer.add(rest.length === 0 ? decision : { ...decision, ops: [...decision.ops, ...rest] })
    if (completing !== undefined) durable.catch(completing.undo)
    for (const [key, each] of decision.identities) identities.remember(key, each, writer.next - 1)
    return { receipts, durable }
  }

  async *events(query: Query = {}): AsyncGenerator<StoredEvent> {
    const { writer } = this.#store.session
    try {
      const records = readEvents(() => this.#store.session, query, writer.durable)
      for await (const { event } of records) yield event
    } catch (error) {
      // Closed in the middle of a page, the store says so in its own words; the session says it in ours.
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

  // As keys, strings that are not well-formed are those of others: a look-up would find what is not meant.
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

  close(): Promise<void> {
    return this.#store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** What was decided, and when it holds. */
interface Decided {
  readonly receipts: readonly Accepted[]
  readonly durable: Promise<void>
}

// One promise of our own an accept: publishers come by the thousand.
function answer({ receipts, durable }: Decided): Promise<readonly Accepted[]> {
  return durable.then(() => receipts)
}
