import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { type Environment, realEnvironment } from '../../core/environment.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import { asError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import { type Secrets, secretsOf } from '../../core/secrets.ts'
import type { World } from '../../core/world.ts'
import { Deliverer } from '../../dispatch/deliverer.ts'
import { memoryNamespace } from '../../dispatch/memory-gate.ts'
import type { DeliveryOutcome } from '../../dispatch/outcome.ts'
import { Judge, type Verdict } from '../../listener/judge/judge.ts'
import { MemoryPipe } from '../../listener/judge/memory-pipe.ts'
import type { StoredMemory } from '../../listener/judge/records.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Log } from '../../log/port.ts'
import { typeTest } from '../../log/type-names.ts'
import type { DryDraft } from '../run/dry-run.ts'

/** One call that a handler would get. */
export interface DryCall {
  /** The `delivery.key` of the call. */
  readonly key: string
  /** The value that the handler would be called with. */
  readonly value: unknown
}

/** What a delivery of one event to one listener would do. */
export interface DryEffect {
  /** The name of the listener. */
  readonly listener: string
  /** The event; for one that is not stored, with the seq that it would get. */
  readonly event: StoredEvent
  /** Whether the log has the event; else it would be accepted as new or changed. */
  readonly status: 'stored' | 'new' | 'changed'
  /**
   * `call`: the handler would be called; `drop`: the event does not pass its filters; `wait`: a filter would hold it;
   * `fail`: the pipe fails, or the event does not fit its schema.
   */
  readonly would: 'call' | 'drop' | 'wait' | 'fail'
  /** The calls, in order. */
  readonly calls: readonly DryCall[]
  /** The seqs of a `digest`, which are one delivery: that of its first event. */
  readonly batch?: readonly number[]
  /** Until when a filter would hold it, in ms since the epoch; absent if that depends on other events. */
  readonly until?: number
  /** Why it would fail. */
  readonly error?: ErrorInfo
}

/** An event for a dry delivery. */
export interface DryEvent {
  readonly event: StoredEvent
  readonly status: DryEffect['status']
}

/** What dry deliveries need. Nothing of the log is written. */
export interface DryHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Removes known secrets from text that leaves the process. */
  scrub(text: string): string
}

/** The host of dry deliveries on a log. */
export function dryHost(log: Log, logger: Logger, given: Secrets, world?: Partial<World>): DryHost {
  const { clock } = log
  const secrets = secretsOf(world, given)
  return { log, clock, environment: realEnvironment(clock, logger, secrets, world), scrub: secrets.scrub }
}

/**
 * Shows what the deliveries of these events to a listener would do: each goes through the listener's pipe, and the handler
 * is not called. Filters that remember begin with what the log remembers (`memory`: `log`) or with nothing, and their
 * memory ends with the iteration. An event that waits comes when that is decided, or at the end: with a memory of its own,
 * all are decided then, as in a trial.
 */
export async function* dryEffects(
  listener: Listener,
  events: AsyncIterable<DryEvent> | Iterable<DryEvent>,
  host: DryHost,
  memory: 'log' | 'none',
): AsyncGenerator<DryEffect> {
  const deliveries = new DryDeliveries(listener, host)
  const hears = typeTest(listener.source.types)
  const judge = await judgeOf(listener, host.log, memory, deliveries.fresh)
  for await (const given of events) {
    if (!hears(given.event.type)) continue
    if (given.status !== 'stored') deliveries.fresh.set(given.event.seq, given.event)
    if (judge === undefined) yield await deliveries.of(given, undefined)
    else yield* deliveries.after(given, await judge.judge(given.event), judge)
  }
  if (judge !== undefined) yield* deliveries.end(judge, memory === 'log' ? host.log.clock.now() : undefined)
}

/** The dry deliveries to one listener. */
class DryDeliveries {
  /** Events that the log does not have, by seq. */
  readonly fresh = new Map<number, StoredEvent>()
  readonly #listener: Listener
  readonly #host: DryHost
  readonly #deliverer: Deliverer
  #calls: DryCall[] = []
  /** Those that a filter holds, or that are in a batch that is not complete. */
  readonly #held = new Map<number, DryEvent>()
  /** Until when; infinite if that depends on other events. Those in the batch of another have none. */
  readonly #until = new Map<number, number>()

  constructor(listener: Listener, host: DryHost) {
    this.#listener = listener
    this.#host = host
    const handle: Listener['handle'] = (value, { key }) => void this.#calls.push({ key, value })
    const settings = { ...listener.settings, attempts: 1 }
    this.#deliverer = new Deliverer({ ...listener, handle, settings }, host)
  }

  /** What is known once an event was judged, or decided: about it, or about those that waited for it. */
  async *after(given: DryEvent, verdict: Verdict, judge: Judge): AsyncGenerator<DryEffect> {
    const { seq } = given.event
    for (const released of verdict.releases ?? []) {
      const waited = this.#held.get(released)
      if (waited !== undefined) yield this.#dropped(waited)
    }
    if (verdict.kind === 'wait') {
      this.#held.set(seq, given)
      this.#until.set(seq, verdict.until)
    } else if (verdict.kind !== 'drop') yield await this.of(given, verdict)
    else if (verdict.completes !== undefined) {
      const first = await this.#first(verdict.completes)
      if (first !== undefined) yield await this.of(first, await judge.judge(first.event))
    } else if (await judge.isWaiting(seq)) this.#held.set(seq, given)
    else yield this.#dropped(given)
  }

  /** What waits is decided if its time is up by `now`, in ms since the epoch; undefined: all of it. */
  async *end(judge: Judge, now = Number.POSITIVE_INFINITY): AsyncGenerator<DryEffect> {
    for (let next = this.#nextDue(now); next !== undefined; next = this.#nextDue(now)) {
      this.#until.delete(next.event.seq)
      yield* this.after(next, await judge.wake(next.event), judge)
    }
    for (const [seq, given] of [...this.#held].sort(([a], [b]) => a - b)) {
      const until = this.#until.get(seq)
      const known = until === undefined || !Number.isFinite(until) ? {} : { until }
      yield { ...this.#briefly(given), would: 'wait', calls: [], ...known }
    }
  }

  // The one whose time is up first: it may pass a further filter.
  #nextDue(now: number): DryEvent | undefined {
    let first: readonly [seq: number, until: number] | undefined
    for (const [seq, until] of this.#until) {
      const isFirst = first === undefined || until < first[1] || (until === first[1] && seq < first[0])
      if (until <= now && isFirst) first = [seq, until]
    }
    return first && this.#held.get(first[0])
  }

  /** Runs the rest of the pipe. */
  async of(given: DryEvent, verdict: Verdict | undefined): Promise<DryEffect> {
    const batch = verdict?.kind === 'deliver' ? verdict.batch?.map(({ seq }) => seq) : undefined
    for (const seq of batch ?? [given.event.seq]) this.#forget(seq)
    this.#calls = []
    const error = await deliver(this.#deliverer, given.event, verdict)
    const calls = this.#calls
    const would = error !== undefined ? 'fail' : calls.length === 0 ? 'drop' : 'call'
    const failed = error === undefined ? {} : { error: errorInfo(error, this.#host.scrub) }
    return { ...this.#briefly(given), would, calls, ...defined({ batch }), ...failed }
  }

  #dropped(given: DryEvent): DryEffect {
    this.#forget(given.event.seq)
    return { ...this.#briefly(given), would: 'drop', calls: [] }
  }

  #forget(seq: number): void {
    this.#held.delete(seq)
    this.#until.delete(seq)
  }

  #briefly({ event, status }: DryEvent): Pick<DryEffect, 'listener' | 'event' | 'status'> {
    return { listener: this.#listener.name, event, status }
  }

  // The log may have collected the first event of a batch earlier.
  async #first(seq: number): Promise<DryEvent | undefined> {
    const held = this.#held.get(seq)
    if (held !== undefined) return held
    const event = await storedAt(this.#host.log, seq)
    return event && { event, status: 'stored' }
  }
}

/** `fresh`: events that the log does not have, by seq. */
async function judgeOf(
  { name, source }: Listener,
  log: Log,
  memory: 'log' | 'none',
  fresh: ReadonlyMap<number, StoredEvent>,
): Promise<Judge | undefined> {
  const pipe = MemoryPipe.of(source)
  if (pipe === undefined) return undefined
  const stored = memory === 'log' ? (log.store(memoryNamespace(name)) as StoredMemory) : NOTHING
  const judge = new Judge(pipe, stored, async function* (seqs) {
    for (const seq of seqs) {
      const event = fresh.get(seq) ?? (await storedAt(log, seq))
      if (event !== undefined) yield event
    }
  })
  // What it would write is never taken.
  await judge.open()
  return judge
}

async function storedAt(log: Log, seq: number): Promise<StoredEvent | undefined> {
  for await (const event of log.events({ after: seq - 1, limit: 1 })) if (event.seq === seq) return event
  return undefined
}

const NOTHING: StoredMemory = {
  get: async () => undefined,
  async *list() {},
}

async function deliver(
  deliverer: Deliverer,
  event: StoredEvent,
  verdict: Verdict | undefined,
): Promise<Error | undefined> {
  const attempt = deliverer.deliver({ event, attempt: 1 }, verdict)
  const outcome = await new Promise<DeliveryOutcome>((resolve) => attempt.onEnd(resolve))
  return outcome.end === 'ack' ? undefined : asError(outcome.error)
}

/** The events that these drafts would become, behind those of the log. A draft that repeats an earlier one becomes none. */
export async function wouldBe(
  drafts: readonly (DryDraft & { readonly job?: string })[],
  { log, clock }: Pick<DryHost, 'log' | 'clock'>,
): Promise<readonly DryEvent[]> {
  const last = await log.last()
  const told = new Map<string, StoredEvent>()
  const events: DryEvent[] = []
  for (const { status, type, identifier, data, version, transformed, job } of drafts) {
    const identity = JSON.stringify([type, identifier])
    const before = told.get(identity)
    if (status === 'duplicate' || (before !== undefined && before.version === version)) continue
    const known = before ?? (status === 'changed' ? await log.get(type, identifier) : undefined)
    const revision = version === undefined ? undefined : known === undefined ? 1 : (known.revision ?? 1) + 1
    const event = Object.freeze({
      type,
      identifier,
      data,
      seq: last + events.length + 1,
      created: clock.now(),
      ...defined({ version, revision, transformed, job }),
    })
    told.set(identity, event)
    events.push({ event, status: before === undefined ? status : 'changed' })
  }
  return events
}

/** The stored events that a listener would hear now: those after its cursor or, if the log does not know it, its start. */
export async function* backlogOf({ name, settings, source }: Listener, log: Log): AsyncGenerator<DryEvent> {
  let after: number | undefined
  for await (const { name: known, cursor } of log.consumers())
    if (known === name || (known === settings.formerly && after === undefined)) after = cursor
  const { from } = settings
  if (after === undefined && from === 'now') return
  const since = after === undefined && from instanceof Date ? { since: from } : {}
  const start = typeof from === 'number' ? Math.max(0, from - 1) : 0
  const query = { told: true, after: after ?? start, ...since, ...defined({ types: source.types }) }
  for await (const event of log.events(query)) yield { event, status: 'stored' }
}
