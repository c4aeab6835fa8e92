import { monotonic, pause, systemClock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { hasCode, quote, TidingsError } from '../core/errors.ts'
import { checkName } from '../core/limits.ts'
import { Mutex } from '../core/mutex.ts'
import { ConsumerHandle } from '../log/consumer/consumer-handle.ts'
import type { CursorRecord, RetryRecord } from '../log/consumer/consumer-store.ts'
import { eventPlace } from '../log/consumer/event-place.ts'
import { hears } from '../log/consumer/hand-out.ts'
import { LogConsumer } from '../log/consumer/log-consumer.ts'
import {
  type Beginning,
  beginningOf,
  begunAt,
  movedTo,
  type StoredConsumer,
  storedConsumer,
} from '../log/consumer/stored-consumer.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, EventPlace, Log, Start } from '../log/port.ts'
import { recordsOf, unlessHeld } from './consumer-records.ts'
import { type ConsumerStoreParts, PostgresConsumerStore } from './consumer-store.ts'
import { Fence } from './fence.ts'
import type { LogClock } from './log-clock.ts'
import { readEvents } from './reads.ts'
import { MARKS, type Saves } from './saves.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/** The parts of a log that its consumers use. */
export interface ConsumersParts {
  readonly session: Session
  readonly saves: Saves
  readonly clock: LogClock
  /** Returns the log as it is under a fence. */
  viewOf(fence: Fence): Log
}

/** A consumer that this agent holds. */
interface Held {
  readonly consumer: LogConsumer
  readonly store: PostgresConsumerStore
  readonly fence: Fence
}

/** How it has the consumer: against other agents, or only until one wants it. */
type How = 'hold_1' | 'open_consumer_1'

/**
 * The consumers of a log in PostgreSQL that this agent has open. One agent holds a consumer at a time: each holding has a
 * later epoch, and what an earlier one writes is refused.
 */
export class PostgresConsumers {
  readonly #parts: ConsumerStoreParts
  #announced = 0
  readonly #open = new Map<string, Held>()
  readonly #transient = new Set<WeakRef<LogConsumer>>()
  readonly #turns = new Mutex()

  constructor(parts: ConsumersParts) {
    this.#parts = { ...parts, announced: () => this.#announced }
  }

  /** Opens a consumer. An open one of this name continues until a caller pulls from the new one, or moves it. */
  async open(name: string, options: ConsumerOptions): Promise<Consumer> {
    checkName(name, 'TIDINGS_LOG_INVALID', 'the name of a consumer')
    if (options.transient === true) {
      const store = new PostgresConsumerStore(this.#parts)
      const transient = new LogConsumer(store, await this.#begin(name, options.start), options)
      this.#transient.add(new WeakRef(transient))
      return transient
    }
    return this.#turns.runExclusive(async () => {
      const open = this.#open.get(name)?.consumer
      const isFree = open === undefined || open.retired || options.move === true
      const begun = isFree ? await unlessHeld(this.#begun(name, options, 'open_consumer_1')) : undefined
      const first = begun ?? open ?? (await this.#seen(name, options))
      // Opened to be steered: only who pulls holds it against other agents.
      return new ConsumerHandle(first, { isOwn: false, origin: begun?.origin ?? 'known' }, (own, why) =>
        this.#wait(own, name, options, why),
      )
    })
  }

  /** A consumer that another agent has: it can be looked at, and writes nothing. */
  async #seen(name: string, options: ConsumerOptions): Promise<LogConsumer> {
    const store = new PostgresConsumerStore(this.#parts, name)
    const stored = { name, origin: 'known' as const, ...(await this.#load(name, store, options, false)) }
    const seen = new LogConsumer(store, stored, options)
    seen.lost()
    return seen
  }

  // Waits while another agent has the consumer. Without a signal, it looks at that one's, or rejects.
  async #wait(
    own: LogConsumer | undefined,
    name: string,
    options: ConsumerOptions,
    { signal, look = false }: { readonly signal?: AbortSignal; readonly look?: boolean },
  ): Promise<LogConsumer | undefined> {
    for (;;) {
      const taking = this.#turns.runExclusive(() => this.#takenOver(own, name, options))
      const taken = await (signal === undefined && !look ? taking : unlessHeld(taking))
      if (taken !== undefined) return taken
      if (signal === undefined) return this.#seen(name, options)
      await pause(systemClock, this.#parts.session.options.lease / 10, signal)
      if (signal.aborted) return undefined
    }
  }

  async #takenOver(own: LogConsumer | undefined, name: string, options: ConsumerOptions): Promise<LogConsumer> {
    if (own?.next !== undefined) return own
    if (own !== undefined && (await this.#cursorOf(name)) === undefined)
      throw new TidingsError('TIDINGS_LOG_CLOSED', `consumer ${quote(name)} has another name now`)
    return this.#begun(name, { ...options, move: false }, 'hold_1')
  }

  // As for LevelDB (decision 0034): the open consumers of these names retire, then everything is read from the store.
  async #begun(name: string, options: ConsumerOptions, how: How): Promise<LogConsumer> {
    const isKnown = (await this.#cursorOf(name)) !== undefined
    const names = isKnown ? [name] : [name, options.formerly ?? name]
    const older = new Set(names.flatMap((each) => this.#open.get(each)?.consumer ?? []))
    for (const each of older) await this.#retire(each)
    const origin = isKnown ? 'known' : await this.#created(name, options)
    const { epoch, saved } = await this.#hold(name, how)
    // One that is only opened names itself, which no agent is called: another may take it.
    const holder = how === 'hold_1' ? this.#parts.session.options.agent : crypto.randomUUID()
    const fence = new Fence('consumer', name, holder, epoch)
    const release = (): Promise<void> => this.#release(fence)
    const store = new PostgresConsumerStore(this.#parts, name, { fence, saved, release })
    const stored = { name, origin, ...(await this.#load(name, store, options, isKnown)) }
    const consumer = new LogConsumer(store, stored, options)
    store.onFenced = () => this.#lost(fence)
    for (const each of older) {
      this.#open.get(each.name)?.fence.lose()
      this.#open.delete(each.name)
      each.replacedBy(consumer)
    }
    this.#open.set(name, { consumer, store, fence })
    return consumer
  }

  // One that another agent has taken over meanwhile has nothing to store.
  async #retire(consumer: LogConsumer): Promise<void> {
    const fence = this.#open.get(consumer.name)?.fence
    await consumer.retire().catch((error: unknown) => {
      if (fence?.lost.aborted !== true) throw error
    })
  }

  #lost(fence: Fence): void {
    const held = this.#open.get(fence.name)
    if (held?.fence !== fence) return
    this.#open.delete(fence.name)
    // First of all: nothing takes the consumer over before its deliveries have to end.
    fence.lose()
    held.consumer.lost()
  }

  // Gives a consumer back to the agents that wait for it. What it knows is stored first.
  async #release(fence: Fence): Promise<void> {
    const held = this.#open.get(fence.name)
    if (held?.fence !== fence) return
    const { session } = this.#parts
    try {
      await held.consumer.retire()
      this.#lost(fence)
      const text = `UPDATE ${session.name('consumer')} SET holder = NULL WHERE name = $1 AND epoch = $2`
      await session.write(text, [toText(fence.name), fence.epoch])
    } catch (error) {
      // The end of the lease gives it back.
      if (!hasCode(error, 'TIDINGS_LOG_FAILED') && !hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
    }
  }

  /** The lease has ended without a heartbeat: other agents may have everything. */
  expired(): void {
    for (const { fence } of this.#open.values()) this.#lost(fence)
  }

  // Another agent may create it at the same time: then it is known.
  async #created(name: string, { start, formerly }: ConsumerOptions): Promise<Consumer['origin']> {
    const { session, clock } = this.#parts
    if (formerly !== undefined && (await this.#cursorOf(formerly)) !== undefined) {
      await session.write(`SELECT ${session.name('rename_1')}($1, $2)`, [toText(formerly), toText(name)])
      return 'renamed'
    }
    const record = toText(JSON.stringify(begunAt(await this.#beginning(start), clock.now())))
    const text = `INSERT INTO ${session.name('consumer')} (name, record) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1`
    const created = await session.write(text, [toText(name), record])
    return created.length > 0 ? 'new' : 'known'
  }

  async #hold(name: string, how: How): Promise<{ readonly epoch: number; readonly saved: number }> {
    const { session } = this.#parts
    const text = `SELECT o_epoch, o_saved FROM ${session.name(how)}($1, $2)`
    const [[epoch, saved] = []] = await session.write(text, [toText(name), session.options.agent])
    if (epoch === null || epoch === undefined)
      throw new TidingsError('TIDINGS_LOG_LOCKED', `another agent handles ${quote(name)} now`, { details: { name } })
    return { epoch: Number(epoch), saved: Number(saved) }
  }

  async #load(
    name: string,
    store: PostgresConsumerStore,
    options: ConsumerOptions,
    isKnown: boolean,
  ): Promise<Omit<StoredConsumer, 'name' | 'origin'>> {
    const { session, saves } = this.#parts
    const text = `SELECT record, flight FROM ${session.name('consumer')} WHERE name = $1`
    const [[record, flight] = []] = await session.write(text, [toText(name)])
    let cursor = JSON.parse(fromText(record as string)) as CursorRecord
    if (isKnown && options.move === true) {
      cursor = movedTo(await this.#beginning(options.start), cursor)
      await saves.note(store, [{ kind: 'cursor', record: cursor }])
    }
    const marks = `SELECT kind, seq, body FROM ${session.name('mark')} WHERE consumer = $1 ORDER BY seq`
    const living = `SELECT id FROM ${session.name('agent')} WHERE until > clock_timestamp()`
    const alive = new Set((await session.write(living)).map(([id]) => id))
    const found = await session.write(marks, [toText(name)])
    const { records, suspects } = recordsOf(found, flight as string | null, alive)
    store.suspects = suspects
    return storedConsumer(store, { ...records, cursor }, hears(options), monotonic(store.clock).now())
  }

  async #begin(name: string, start: Start): Promise<StoredConsumer> {
    const cursor = begunAt(await this.#beginning(start), this.#parts.clock.now())
    return { name, origin: 'new', cursor, waiting: [], parked: [], suspects: new Map() }
  }

  async #beginning(start: Start): Promise<Beginning> {
    const { session, clock } = this.#parts
    const [[last] = []] = await session.write(`SELECT seq FROM ${session.name('head')}`)
    session.reached(Number(last))
    return beginningOf(start, clock.now(), {
      first: session.first,
      durable: session.durable,
      async firstSince(since) {
        for await (const { event } of readEvents(session, { since, limit: 1 }, session.durable)) return event.seq
        return undefined
      },
    })
  }

  async #cursorOf(name: string): Promise<CursorRecord | undefined> {
    const { session } = this.#parts
    const [row] = await session.write(`SELECT record FROM ${session.name('consumer')} WHERE name = $1`, [toText(name)])
    return row === undefined ? undefined : (JSON.parse(fromText(row[0] as string)) as CursorRecord)
  }

  /** Removes a consumer and all its records; an open one retires first. Resolves to false for an unknown name. */
  forget(name: string): Promise<boolean> {
    const { session } = this.#parts
    return this.#turns.runExclusive(async () => {
      if ((await this.#cursorOf(name)) === undefined) return false
      await this.#open.get(name)?.consumer.retire()
      await session.write(`SELECT ${session.name('forget_consumer_1')}($1)`, [toText(name)])
      this.#open.delete(name)
      return true
    })
  }

  async *list(): AsyncGenerator<ConsumerInfo> {
    const { session } = this.#parts
    const count = (kind: string): string =>
      `(SELECT count(*) FROM ${session.name('mark')} WHERE consumer = name AND kind = '${kind}')`
    const text = `SELECT name, record, ${count('r')}, ${count('p')} FROM ${session.name('consumer')} ORDER BY name`
    for (const [at, record, retrying, parked] of await session.write(text)) {
      const name = fromText(at as string)
      const { cursor: stored, created, passed } = JSON.parse(fromText(record as string)) as CursorRecord
      const open = this.#open.get(name)?.consumer
      const cursor = open?.settledTo ?? stored
      const behind = Math.max(0, session.durable - cursor)
      const lag = { behind, running: 0, retrying: Number(retrying), parked: Number(parked) }
      yield { name, cursor, created, ...defined({ passed }), lag: (await open?.lag()) ?? lag }
    }
  }

  /** Resolves to how far an event is at a consumer, open or not; undefined for an unknown consumer. */
  async place(name: string, seq: number): Promise<EventPlace | undefined> {
    const cursor = await this.#cursorOf(name)
    if (cursor === undefined) return undefined
    const { durable } = this.#parts.session
    const open = this.#open.get(name)?.consumer
    return eventPlace(seq, { cursor, durable, open, stored: () => this.#storedPlace(name, seq) })
  }

  async #storedPlace(name: string, seq: number): Promise<EventPlace | undefined> {
    const { session } = this.#parts
    const text = `SELECT kind, body FROM ${session.name('mark')} WHERE consumer = $1 AND seq = $2 AND kind IN ('r', 'p')`
    const [row] = await session.write(text, [toText(name), seq])
    if (row === undefined) return undefined
    const { attempts, at, error } = JSON.parse(fromText(row[1] as string)) as RetryRecord
    return { state: row[0] === MARKS.parked ? 'parked' : 'retrying', attempts, at, ...defined({ error }) }
  }

  /** The log closes cleanly. */
  closing(): void {
    for (const { consumer } of this.#open.values()) consumer.closing()
  }

  /**
   * The connections are new, and `write` asks on them: each consumer is held again. One that another agent has held
   * meanwhile is lost. `isOther`: the server may have lost commits, so nothing from memory is saved. Resolves to a function
   * for when the log is ready: the consumers then repeat the writes that failed.
   */
  async reconnected(write: Session['write'], isOther: boolean): Promise<() => void> {
    const again: (() => void)[] = []
    const { session, saves } = this.#parts
    for (const { consumer, store, fence } of this.#open.values()) {
      const isTaken = !isOther && (await fence.takeAgain(session, write, fence.holder))
      if (!isTaken) {
        this.#lost(fence)
        continue
      }
      const text = `SELECT saved FROM ${session.name('consumer')} WHERE name = $1`
      const [[saved] = []] = await write(text, [toText(fence.name)])
      again.push(() => {
        saves.resolve(store, Number(saved))
        consumer.reopened()
      })
    }
    return () => {
      for (const each of again) each()
      for (const each of this.#transients()) each.reopened()
    }
  }

  /** There are more events, perhaps of another agent: their types are not known, so all consumers look. */
  committed(): void {
    for (const { consumer } of this.#open.values()) consumer.committed()
    for (const each of this.#transients()) each.committed()
    this.#announced = this.#parts.session.durable
  }

  #transients(): LogConsumer[] {
    const found: LogConsumer[] = []
    for (const each of this.#transient) {
      const consumer = each.deref()
      if (consumer === undefined) this.#transient.delete(each)
      else found.push(consumer)
    }
    return found
  }
}
