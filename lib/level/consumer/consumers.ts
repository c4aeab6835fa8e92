import { monotonic } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import { checkName } from '../../core/limits.ts'
import { Mutex } from '../../core/mutex.ts'
import { ConsumerHandle } from '../../log/consumer/consumer-handle.ts'
import type { CursorRecord } from '../../log/consumer/consumer-store.ts'
import { eventPlace } from '../../log/consumer/event-place.ts'
import { hears } from '../../log/consumer/hand-out.ts'
import { LogConsumer, MOST_PASSED } from '../../log/consumer/log-consumer.ts'
import {
  type Beginning,
  beginningOf,
  begunAt,
  movedTo,
  type StoredConsumer,
  storedConsumer,
} from '../../log/consumer/stored-consumer.ts'
import { Transients } from '../../log/consumer/transients.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, EventPlace, Lag, Start } from '../../log/port.ts'
import { type HeldBy, lowestNeed } from '../../log/retention.ts'
import type { EventRecord } from '../format/records.ts'
import { readEvents } from '../read/reader.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Database } from '../store/database.ts'
import type { Op } from '../write/commit.ts'
import {
  consumerNames,
  countRecords,
  cursorOp,
  readCursor,
  readCursors,
  readRecords,
  removing,
  renaming,
  storedNeeds,
  storedPlace,
} from './consumer-records.ts'
import { LevelConsumerStore } from './level-consumer-store.ts'

/** The number of types whose hearers are in memory. */
const MOST_TYPES = 10_000

/** All consumers of a log: opens, renames, lists and forgets them. */
export class Consumers {
  readonly #store: ReopeningStore
  readonly #open = new Map<string, LogConsumer>()
  // The open consumers that hear a type; made when an event of it comes. A log may have any number of types.
  readonly #hearers = new Map<string, readonly LogConsumer[]>()
  #announced = 0
  // The seq at which the cursors of consumers at rest were last looked at.
  #lookedAt = 0
  readonly #transients = new Transients()
  // No consumer opens while a prune decides what to remove.
  readonly #turns = new Mutex()

  constructor(store: ReopeningStore) {
    this.#store = store
  }

  get #db(): Database {
    return this.#store.session.db
  }

  /** Opens a consumer. An open one of this name continues until a caller pulls from the new one, or moves it. */
  async open(name: string, options: ConsumerOptions): Promise<Consumer> {
    checkName(name, 'TIDINGS_LOG_INVALID', 'the name of a consumer')
    if (options.transient === true) {
      return this.#transients.add(this.#consumer(await this.#begin(name, options.start), options))
    }
    return this.#turns.runExclusive(async () => {
      const open = this.#open.get(name)
      const isFree = open === undefined || open.retired || options.move === true
      const first = isFree ? await this.#begun(name, options) : open
      const origin = isFree ? first.origin : 'known'
      return new ConsumerHandle(first, { isOwn: isFree, origin }, (own) =>
        this.#turns.runExclusive(() => this.#takenOver(own, name, options)),
      )
    })
  }

  #consumer(stored: StoredConsumer, options: ConsumerOptions): LogConsumer {
    return new LogConsumer(this.#storeOf(stored.name), stored, options)
  }

  #storeOf(name: string): LevelConsumerStore {
    return new LevelConsumerStore(name, this.#store, () => this.#announced)
  }

  // A consumer that was replaced in the meantime gets itself back, so that its pull fails; it does not take over again.
  async #takenOver(own: LogConsumer | undefined, name: string, options: ConsumerOptions): Promise<LogConsumer> {
    if (own?.next !== undefined) return own
    if (own !== undefined && readCursor(this.#db, name) === undefined)
      throw new TidingsError('TIDINGS_LOG_CLOSED', `consumer ${quote(name)} has another name now`)
    return this.#begun(name, { ...options, move: false })
  }

  // Decision 0034. First the open consumers of these names retire, then everything is read from the store, then one
  // commit moves the cursor. If a step fails, the retired consumers have no successor: the next pull opens one.
  async #begun(name: string, options: ConsumerOptions): Promise<LogConsumer> {
    const names = readCursor(this.#db, name) === undefined ? [name, options.formerly ?? name] : [name]
    const older = new Set(names.flatMap((each) => this.#open.get(each) ?? []))
    for (const each of older) await each.retire()
    const { stored, ops } = await this.#find(name, options)
    if (ops.length > 0) await this.#store.commit(ops)
    const consumer = this.#consumer(stored, options)
    for (const each of older) {
      this.#open.delete(each.name)
      each.replacedBy(consumer)
    }
    this.#open.set(name, consumer)
    this.#hearers.clear()
    return consumer
  }

  /** Removes a consumer and all its records; an open one retires first. Resolves to false for an unknown name. */
  forget(name: string): Promise<boolean> {
    return this.#turns.runExclusive(async () => {
      if (readCursor(this.#db, name) === undefined) return false
      await this.#open.get(name)?.retire()
      await this.#store.commit(await removing(this.#db, name))
      this.#open.delete(name)
      this.#hearers.clear()
      return true
    })
  }

  /** Resolves to the names of all stored consumers. */
  names(): Promise<readonly string[]> {
    return consumerNames(this.#db)
  }

  /**
   * Runs `decide` while no consumer opens. `lowest` returns the lowest seq that an open consumer, or one of these
   * names, still needs. Its result is valid until `decide` awaits something.
   */
  hold<T>(names: readonly string[], decide: (lowest: () => HeldBy | undefined) => Promise<T>): Promise<T> {
    return this.#turns.runExclusive(async () => {
      const closed = names.filter((name) => !this.#open.has(name))
      const stored = await Promise.all(closed.map((name) => storedNeeds(this.#db, name)))
      const open = (): LogConsumer[] => [...this.#open.values(), ...[...this.#transients].filter((each) => each.isBusy)]
      return decide(() => lowestNeed([...stored.flat(), ...open().map((each) => each.need)]))
    })
  }

  // Reads what is stored of a consumer, and returns the operations to commit before it is used. Changes nothing.
  async #find(
    name: string,
    options: ConsumerOptions,
  ): Promise<{ readonly stored: StoredConsumer; readonly ops: readonly Op[] }> {
    const { start, move, formerly } = options
    const known = readCursor(this.#db, name)
    if (known !== undefined) {
      const cursor = move ? movedTo(await this.#beginning(start), known) : known
      const found = await this.#load(name, cursor, options)
      return { stored: { name, origin: 'known', ...found }, ops: cursor === known ? [] : [cursorOp(name, cursor)] }
    }
    const older = formerly === undefined ? undefined : readCursor(this.#db, formerly)
    if (formerly !== undefined && older !== undefined) {
      const found = await this.#load(formerly, older, options)
      return { stored: { name, origin: 'renamed', ...found }, ops: await renaming(this.#db, formerly, name) }
    }
    const stored = await this.#begin(name, start)
    return { stored, ops: [cursorOp(name, stored.cursor)] }
  }

  async #load(
    name: string,
    cursor: CursorRecord,
    options: ConsumerOptions,
  ): Promise<Omit<StoredConsumer, 'name' | 'origin'>> {
    const records = { ...(await readRecords(this.#db, name)), cursor }
    const now = monotonic(this.#store.clock).now()
    return storedConsumer(this.#storeOf(name), records, hears(options), now)
  }

  async #begin(name: string, start: Start): Promise<StoredConsumer> {
    const cursor = begunAt(await this.#beginning(start), this.#store.clock.now())
    return { name, origin: 'new', cursor, waiting: [], parked: [], suspects: new Map() }
  }

  #beginning(start: Start): Promise<Beginning> {
    const store = this.#store
    return beginningOf(start, store.clock.now(), {
      get first() {
        return store.session.first
      },
      get durable() {
        return store.session.writer.durable
      },
      async firstSince(since) {
        const events = readEvents(() => store.session, { since, limit: 1 }, store.session.writer.durable)
        for await (const { event } of events) return event.seq
        return undefined
      },
    })
  }

  async *list(): AsyncGenerator<ConsumerInfo> {
    for (const [name, { cursor: stored, created, passed }] of await readCursors(this.#db)) {
      const open = this.#open.get(name)
      const cursor = open?.settledTo ?? stored
      yield {
        name,
        cursor,
        created,
        ...defined({ passed }),
        lag: (await open?.lag()) ?? (await this.#lag(name, cursor)),
      }
    }
  }

  /** How far an event is at a consumer; undefined for an unknown one. */
  async place(name: string, seq: number): Promise<EventPlace | undefined> {
    const cursor = readCursor(this.#db, name)
    if (cursor === undefined) return undefined
    const { durable } = this.#store
    const stored = (): EventPlace | undefined => storedPlace(this.#db, name, seq)
    return eventPlace(seq, { cursor, durable, open: this.#open.get(name), stored })
  }

  async #lag(name: string, cursor: number): Promise<Lag> {
    const { db, writer } = this.#store.session
    return { behind: Math.max(0, writer.durable - cursor), running: 0, ...(await countRecords(db, name)) }
  }

  /** The log closes cleanly. */
  closing(): void {
    for (const consumer of this.#open.values()) consumer.closing()
  }

  /** The store was reopened: each consumer repeats the writes that failed. */
  reopened(): void {
    for (const consumer of [...this.#open.values(), ...this.#transients]) consumer.reopened()
  }

  /**
   * These events are durable: wakes the consumers that hear one of them. A consumer that hears none costs nothing: at rest,
   * it has passed over everything that was announced (decision 0067).
   */
  committed(events: readonly EventRecord[]): void {
    if (events.length === 0) return
    const { durable } = this.#store
    const types = new Set<string>()
    for (const { event, told } of events) if (told) types.add(event.type)
    const heard = new Set<LogConsumer>()
    for (const type of types) for (const each of this.#hearersOf(type)) heard.add(each)
    for (const each of this.#transients) if ([...types].some((type) => each.hears(type))) heard.add(each)
    for (const each of heard) each.committed()
    this.#announced = durable
    if (durable - this.#lookedAt < MOST_PASSED) return
    this.#lookedAt = durable
    for (const each of this.#open.values()) each.passed()
  }

  #hearersOf(type: string): readonly LogConsumer[] {
    const known = this.#hearers.get(type)
    if (known !== undefined) return known
    if (this.#hearers.size === MOST_TYPES) this.#hearers.clear()
    const hearers = [...this.#open.values()].filter((each) => each.hears(type))
    this.#hearers.set(type, hearers)
    return hearers
  }
}
