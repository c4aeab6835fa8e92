import type { Observable } from 'rxjs'
import { defined } from '../core/defined.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkText, type Limits } from '../core/limits.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import { LogMeter } from '../log/log-meter.ts'
import type {
  Consumer,
  ConsumerInfo,
  ConsumerOptions,
  EventPlace,
  KeyValue,
  Origin,
  Query,
  Stored,
  TypeCount,
} from '../log/port.ts'
import { prepareCall } from './accept-call.ts'
import { PostgresClaims } from './claims.ts'
import { PostgresConsumers } from './consumers.ts'
import type { LogClock } from './log-clock.ts'
import type { PostgresLog } from './postgres-log.ts'
import { readCausedBy, readEvents, readOne, readTypes } from './reads.ts'
import { Saves } from './saves.ts'
import type { Session } from './session.ts'
import { keyValue } from './state.ts'
import { toText } from './text.ts'
import { WriteQueue } from './write-queue.ts'

/** The facts about a log that are read when it is opened. */
export interface OpenedLog {
  readonly id: string
  readonly identity: 'type' | 'identifier'
  readonly durability: 'disk' | 'process' | 'quorum'
  readonly clock: LogClock
  readonly limits: Limits
}

/** Makes the log on top of an open session. */
export function createPostgresLog(session: Session, opened: OpenedLog): LogOnPostgres {
  return new LogOnPostgres(session, opened)
}

class LogOnPostgres implements PostgresLog {
  readonly id: string
  readonly durability: 'disk' | 'process' | 'quorum'
  readonly dense = true
  readonly meter = new LogMeter()
  readonly clock: LogClock
  readonly committed$: Observable<number>
  readonly #session: Session
  readonly #opened: OpenedLog
  readonly #saves: Saves
  readonly #queue: WriteQueue
  readonly #consumers: PostgresConsumers
  readonly #claims: PostgresClaims
  #closed: Promise<void> | undefined

  constructor(session: Session, opened: OpenedLog) {
    this.#session = session
    this.#opened = opened
    this.id = opened.id
    this.durability = opened.durability
    this.clock = opened.clock
    this.committed$ = session.committed$
    this.#queue = new WriteQueue(session, opened.identity)
    this.#saves = new Saves(session, this.#queue, opened.clock)
    this.#consumers = new PostgresConsumers({ session, saves: this.#saves, clock: opened.clock })
    this.#claims = new PostgresClaims(session, opened.clock)
    session.onCommitted = () => this.#consumers.committed()
    session.onReconnected = (isOther) => this.#consumers.reconnected(isOther)
  }

  get agent(): string {
    return this.#session.options.agent
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#closed === undefined ? this.#session.state : 'closed'
  }

  async accept(drafts: readonly Draft[], origin: Origin = {}): Promise<readonly Accepted[]> {
    this.#session.checkOpen()
    const { completes } = origin
    const completing = completes === undefined ? undefined : () => this.#claims.completing(completes)
    try {
      const call = prepareCall(drafts, origin, this.#opened.limits)
      // The writes of handlers that ended before.
      if (call.state.length > 0) this.#saves.sendAll()
      const answers = await this.#queue.accept(call, completing)
      this.meter.answered(call.drafts, answers, origin)
      return answers
    } catch (error) {
      if (this.state === 'ready') this.meter.refused(drafts)
      throw error
    }
  }

  async preview(drafts: readonly Draft[]): Promise<readonly Accepted['status'][]> {
    return this.#queue.preview(prepareCall(drafts, {}, this.#opened.limits))
  }

  async *events(query: Query = {}): AsyncGenerator<StoredEvent> {
    const upTo = await this.last()
    for await (const { event } of readEvents(this.#session, query, upTo)) yield event
  }

  async get(type: string, identifier: string): Promise<StoredEvent | undefined> {
    const seq = await this.#identity(type, identifier, 'seq')
    const record = seq === undefined ? undefined : await readOne(this.#session, seq)
    return record?.event.type === type ? record.event : undefined
  }

  toldAs(type: string, identifier: string): Promise<number | undefined> {
    return this.#identity(type, identifier, 'CASE WHEN coalesce(told, 0) = 0 THEN seq ELSE told END')
  }

  async stored(seq: number): Promise<Stored | undefined> {
    this.#session.checkOpen()
    if (!Number.isSafeInteger(seq)) return undefined
    const found = await readOne(this.#session, seq)
    if (found === undefined) return undefined
    const { event, told, run } = found
    return { event, told, ...defined({ run }) }
  }

  types(): AsyncIterable<TypeCount> {
    return readTypes(this.#session)
  }

  causedBy(seq: number): AsyncIterable<StoredEvent> {
    return readCausedBy(this.#session, seq)
  }

  async index(): Promise<number> {
    this.#session.checkOpen()
    return 0
  }

  place(consumer: string, seq: number): Promise<EventPlace | undefined> {
    return this.#consumers.place(consumer, seq)
  }

  async last(): Promise<number> {
    const [[seq] = []] = await this.#session.read(`SELECT seq FROM ${this.#session.name('head')}`)
    this.#session.reached(Number(seq))
    return Number(seq)
  }

  async forget(type: string, identifier: string): Promise<boolean> {
    const key = this.#key(type, identifier)
    const text = `DELETE FROM ${this.#session.name('identity')} WHERE type = $1 AND identifier = $2 RETURNING 1`
    const forgotten = await this.#queue.inOrder(() => this.#session.write(text, key))
    return forgotten.length > 0
  }

  async #identity(type: string, identifier: string, column: string): Promise<number | undefined> {
    const key = this.#key(type, identifier)
    const text = `SELECT ${column} FROM ${this.#session.name('identity')} WHERE type = $1 AND identifier = $2`
    const [row] = await this.#session.read(text, key)
    return row === undefined ? undefined : Number(row[0])
  }

  #key(type: string, identifier: string): [string, string] {
    checkText(type, Number.POSITIVE_INFINITY, 'TIDINGS_TYPE_INVALID', 'the type of an event')
    checkText(identifier, Number.POSITIVE_INFINITY, 'TIDINGS_IDENTIFIER_INVALID', 'the identifier of an event')
    return [this.#opened.identity === 'type' ? toText(type) : '', toText(identifier)]
  }

  async consumer(name: string, options: ConsumerOptions): Promise<Consumer> {
    return this.#consumers.open(name, options)
  }

  consumers(): AsyncIterable<ConsumerInfo> {
    return this.#consumers.list()
  }

  async forgetConsumer(name: string): Promise<boolean> {
    return this.#consumers.forget(name)
  }

  store(namespace: string): KeyValue {
    const ask: Session['write'] = (text, values) => {
      this.#saves.sendAll()
      return this.#queue.inOrder(() => this.#session.write(text, values))
    }
    return keyValue(ask, this.#session.name('state'), namespace)
  }

  claim(job: string, slot: Date, ttl: number, options?: ClaimOptions): Promise<Claim | undefined> {
    return this.#claims.claim(job, slot, ttl, options)
  }

  plan(job: string, plan: SlotPlan): Promise<void> {
    return this.#claims.plan(job, plan)
  }

  slots(job: string): Promise<SlotsOfJob> {
    return this.#claims.slots(job)
  }

  async forgetSlots(job: string): Promise<boolean> {
    return this.#claims.forget(job)
  }

  note(job: string, slot: Date, outcome: unknown): Promise<void> {
    return this.#claims.note(job, slot, outcome)
  }

  runs(job: string, options: { readonly limit?: number; readonly reverse?: boolean } = {}): AsyncIterable<RunRecord> {
    return this.#claims.remembered(job, options)
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  abandon(): void {
    this.#closed ??= this.#session.end()
  }

  async #end(): Promise<void> {
    // What was published is answered first.
    await this.#queue.inOrder(async () => undefined)
    this.#consumers.closing()
    await this.#session.end(async () => {
      await this.#saves.flush()
      const { agent } = this.#session.options
      await this.#session.write(
        `WITH gone AS (DELETE FROM ${this.#session.name('agent')} WHERE id = $1)
          UPDATE ${this.#session.name('consumer')} SET holder = NULL WHERE holder = $1`,
        [agent],
      )
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
