import type { Observable } from 'rxjs'
import { defined } from '../core/defined.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import { checkText } from '../core/limits.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from '../log/claim.ts'
import type { LogMeter } from '../log/log-meter.ts'
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
import type { Problem, Progress, Stats } from '../log/upkeep.ts'
import { prepareCall } from './accept-call.ts'
import { type Fence, signalsOf, writeFenced } from './fence.ts'
import type { LogClock } from './log-clock.ts'
import { LogParts } from './log-parts.ts'
import type { OpenedLog } from './opened-log.ts'
import type { PostgresLog } from './postgres-log.ts'
import { readCausedBy, readEvents, readOne, readTypes } from './reads.ts'
import type { Session } from './session.ts'
import { keyValue, type StateAccess } from './state.ts'
import { stats } from './stats.ts'
import { toText } from './text.ts'
import { verify } from './verify.ts'

/** Makes the log on top of an open session. */
export function createPostgresLog(session: Session, opened: OpenedLog): PostgresLog {
  const view = (parts: LogParts, fence: Fence | undefined): LogOnPostgres => new LogOnPostgres(parts, fence)
  return view(new LogParts(session, opened, view), undefined)
}

/** A view of an open log. Under a fence, it writes only while that holds. */
class LogOnPostgres implements PostgresLog {
  readonly id: string
  readonly dense = true
  readonly shared = true
  readonly clock: LogClock
  readonly committed$: Observable<number>
  readonly #parts: LogParts
  readonly #session: Session
  readonly #fence: Fence | undefined

  constructor(parts: LogParts, fence?: Fence) {
    const { session, opened } = parts
    this.#parts = parts
    this.#session = session
    this.#fence = fence
    this.id = opened.id
    this.clock = opened.clock
    this.committed$ = session.committed$
  }

  get durability(): 'disk' | 'process' | 'quorum' {
    return this.#session.durability
  }

  get meter(): LogMeter {
    return this.#parts.meter
  }

  get agent(): string {
    return this.#session.options.agent
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#parts.state
  }

  async accept(drafts: readonly Draft[], origin: Origin = {}): Promise<readonly Accepted[]> {
    this.#session.checkOpen()
    const { completes } = origin
    const { claims, queue, saves, opened } = this.#parts
    const completing = completes === undefined ? undefined : () => claims.completing(completes, this.#fence)
    try {
      const call = prepareCall(drafts, origin, opened.limits)
      // The writes of handlers that ended before.
      if (call.state.length > 0) saves.sendAll()
      const answers = await queue.accept(call, completing, this.#fence)
      const statuses = answers.map(({ status }) => status)
      this.meter.answered(call.drafts, statuses, origin)
      return answers
    } catch (error) {
      if (this.state === 'ready') this.meter.refused(drafts)
      throw error
    }
  }

  async preview(drafts: readonly Draft[]): Promise<readonly Accepted['status'][]> {
    const { queue, opened } = this.#parts
    return queue.preview(prepareCall(drafts, {}, opened.limits))
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
    return this.#parts.consumers.place(consumer, seq)
  }

  async last(): Promise<number> {
    const [[seq, first] = []] = await this.#session.read(`SELECT seq, first FROM ${this.#session.name('head')}`)
    this.#session.reached(Number(seq), Number(first))
    return Number(seq)
  }

  async forget(type: string, identifier: string): Promise<boolean> {
    const key = this.#key(type, identifier)
    const text = `DELETE FROM ${this.#session.name('identity')} WHERE type = $1 AND identifier = $2 RETURNING 1`
    const forgotten = await this.#parts.queue.inOrder(() => this.#session.write(text, key))
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
    return [this.#parts.opened.identity === 'type' ? toText(type) : '', toText(identifier)]
  }

  async consumer(name: string, options: ConsumerOptions): Promise<Consumer> {
    return this.#parts.consumers.open(name, options)
  }

  consumers(): AsyncIterable<ConsumerInfo> {
    return this.#parts.consumers.list()
  }

  async forgetConsumer(name: string): Promise<boolean> {
    return this.#parts.consumers.forget(name)
  }

  store(namespace: string): KeyValue {
    const { queue, saves } = this.#parts
    const inOrder = <T>(act: () => Promise<T>): Promise<T> => {
      saves.sendAll()
      return queue.inOrder(act)
    }
    const access: StateAccess = {
      ask: (text, values) => inOrder(() => this.#session.write(text, values)),
      change: (text, values) => inOrder(() => writeFenced(this.#session, this.#fence, text, values)),
    }
    return keyValue(access, this.#session.name('state'), namespace)
  }

  async hold(name: string, signal: AbortSignal): Promise<Hold | undefined> {
    const { holds } = this.#parts
    const fence = await holds.take(name, signal)
    if (fence === undefined) return undefined
    return {
      log: new LogOnPostgres(this.#parts, fence),
      ...signalsOf(fence),
      release: () => holds.release(fence),
    }
  }

  claim(job: string, slot: Date, ttl: number, options?: ClaimOptions): Promise<Claim | undefined> {
    return this.#parts.claims.claim(job, slot, ttl, options, this.#fence)
  }

  plan(job: string, plan: SlotPlan): Promise<void> {
    return this.#parts.claims.plan(job, plan, this.#fence)
  }

  slots(job: string): Promise<SlotsOfJob> {
    return this.#parts.claims.slots(job, this.#fence)
  }

  async forgetSlots(job: string): Promise<boolean> {
    return this.#parts.claims.forget(job)
  }

  note(job: string, slot: Date, outcome: unknown): Promise<void> {
    return this.#parts.claims.note(job, slot, outcome, this.#fence)
  }

  runs(job: string, options: { readonly limit?: number; readonly reverse?: boolean } = {}): AsyncIterable<RunRecord> {
    return this.#parts.claims.remembered(job, options)
  }

  prune(retention: Retention): Promise<Pruned> {
    return this.#parts.pruner.prune(retention)
  }

  stats(): Promise<Stats> {
    const { clock, retention } = this.#parts.opened
    return stats(this.#session, clock.now(), retention)
  }

  async verify(
    options: { readonly progress?: Progress } = {},
  ): Promise<{ readonly ok: boolean; readonly problems: readonly Problem[] }> {
    const name = (own: string): string => this.#session.name(own)
    const problems = await this.#session.aside((ask) => verify(ask, name, options.progress ?? (() => undefined)))
    return { ok: problems.length === 0, problems }
  }

  close(): Promise<void> {
    return this.#parts.close()
  }

  abandon(): void {
    this.#parts.abandon()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
