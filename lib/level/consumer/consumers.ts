import { monotonic } from '../../core/clock.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import { checkText } from '../../core/limits.ts'
import { Mutex } from '../../core/mutex.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, Lag, Start } from '../../log/port.ts'
import { KIND, keys, seqOf, startingWith, textsOf } from '../format/keys.ts'
import { type Cursor, decode, type EventRecord, encode, type RetryRecord } from '../format/records.ts'
import { readEvents } from '../read/reader.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Op } from '../write/commit.ts'
import type { States } from '../write/states.ts'
import { heard } from './backlog.ts'
import { LevelConsumer } from './consumer.ts'
import { ConsumerHandle } from './consumer-handle.ts'
import { type Beginning, movedTo } from './cursor.ts'
import { beyondSuspects, isOpen } from './cursor-gaps.ts'
import { lowest, type Need, storedNeed } from './retention-floor.ts'
import { dueAgain } from './retries.ts'
import type { StoredConsumer } from './stored-consumer.ts'
import type { Deaths } from './suspects.ts'

/** The byte limit for consumer names, the same as for event types. */
const MOST_BYTES = 256

/** How far beyond the end of the log a consumer may start, in events. */
const MOST_AHEAD = 10_000

/** All consumers of a log: opens, renames, lists and forgets them. */
export class Consumers {
  readonly #life: ReopeningStore
  readonly #open = new Map<string, LevelConsumer>()
  // Transient consumers coexist with the durable consumer of the same name, and do not affect it. They are never
  // closed: a weak reference lets an unused one go.
  readonly #transient = new Set<WeakRef<LevelConsumer>>()
  // No consumer opens while a prune decides what to remove.
  readonly #turns = new Mutex()

  constructor(life: ReopeningStore) {
    this.#life = life
  }

  /** Opens a consumer. An open one of this name continues until a caller pulls from the new one, or moves it. */
  async open(name: string, options: ConsumerOptions): Promise<Consumer> {
    checkText(name, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the name of a consumer')
    if (options.transient === true) {
      const transient = new LevelConsumer(this.#life, await this.#begin(name, options.start), options)
      this.#transient.add(new WeakRef(transient))
      return transient
    }
    return this.#turns.runExclusive(async () => {
      const open = this.#open.get(name)
      const isFree = open === undefined || open.retired || options.move === true
      const first = isFree ? await this.#begun(name, options) : open
      return new ConsumerHandle(first, isFree, (own) =>
        this.#turns.runExclusive(() => this.#takenOver(own, name, options)),
      )
    })
  }

  // A consumer that was replaced in the meantime gets itself back, so that its pull fails; it does not take over again.
  async #takenOver(own: LevelConsumer | undefined, name: string, options: ConsumerOptions): Promise<LevelConsumer> {
    if (own?.next !== undefined) return own
    if (own !== undefined && this.#read(name) === undefined)
      throw new TidingsError('TIDINGS_LOG_CLOSED', `consumer ${quote(name)} has another name now`)
    return this.#begun(name, { ...options, move: false })
  }

  // First the open consumers of these names retire, then everything is read from the store, then one commit moves the
  // cursor. If a step fails, the retired consumers have no successor: the next pull opens one.
  async #begun(name: string, options: ConsumerOptions): Promise<LevelConsumer> {
    const names = this.#read(name) === undefined ? [name, options.formerly ?? name] : [name]
    const older = new Set(names.flatMap((each) => this.#open.get(each) ?? []))
    for (const each of older) await each.retire()
    const { opened, ops } = await this.#find(name, options)
    if (ops.length > 0) await this.#life.commit(ops)
    const consumer = new LevelConsumer(this.#life, opened, options)
    for (const each of older) {
      this.#open.delete(each.name)
      each.replacedBy(consumer)
    }
    this.#open.set(name, consumer)
    return consumer
  }

  /** Removes a consumer and all its records; an open one retires first. Resolves to false for an unknown name. */
  forget(name: string): Promise<boolean> {
    return this.#turns.runExclusive(async () => {
      if (this.#read(name) === undefined) return false
      await this.#open.get(name)?.retire()
      const prefixes = [keys.retriesOf(name), keys.parkedOf(name), keys.crashesOf(name), keys.inFlight(name)]
      const entries = (await Promise.all(prefixes.map((prefix) => this.#entries(prefix)))).flat()
      await this.#life.commit([keys.consumer(name), ...entries.map(([key]) => key)].map((key): Op => [key, undefined]))
      this.#open.delete(name)
      return true
    })
  }

  /** Resolves to the names of all stored consumers. */
  async names(): Promise<readonly string[]> {
    const known = await this.#life.session.db.keys(startingWith(KIND.cursor)).all()
    return known.map((key) => textsOf(key)[0] as string)
  }

  /**
   * Runs `decide` while no consumer opens. `lowestNeed` returns the lowest seq that an open consumer, or one of these
   * names, still needs. Its result is valid until `decide` awaits something.
   */
  hold<T>(names: readonly string[], decide: (lowestNeed: () => Need | undefined) => Promise<T>): Promise<T> {
    return this.#turns.runExclusive(async () => {
      const closed = names.filter((name) => !this.#open.has(name))
      const stored = await Promise.all(closed.map((name) => storedNeed(this.#life.session.db, name)))
      const open = (): LevelConsumer[] => [...this.#open.values(), ...this.#transients().filter((each) => each.isBusy)]
      return decide(() => lowest([...stored.flat(), ...open().map((each) => each.need)]))
    })
  }

  // Reads what is stored of a consumer, and returns the operations to commit before it is used. Changes nothing.
  async #find(
    name: string,
    options: ConsumerOptions,
  ): Promise<{ readonly opened: StoredConsumer; readonly ops: Op[] }> {
    const { start, move, formerly } = options
    const known = this.#read(name)
    if (known !== undefined) {
      const cursor = move ? movedTo(await this.#beginning(start), known) : known
      const opened = await this.#load(name, cursor, options)
      return { opened: { ...opened, origin: 'known' }, ops: cursor === known ? [] : [cursorOp(name, cursor)] }
    }
    const older = formerly === undefined ? undefined : this.#read(formerly)
    if (formerly !== undefined && older !== undefined) {
      const opened = await this.#load(formerly, older, options)
      return { opened: { ...opened, name, origin: 'renamed' }, ops: await this.#rename(formerly, name) }
    }
    const opened = await this.#begin(name, start)
    return { opened, ops: [cursorOp(name, opened.cursor)] }
  }

  async #begin(name: string, start: Start): Promise<StoredConsumer> {
    const cursor: Cursor = { ...(await this.#beginning(start)), created: this.#life.clock.now() }
    return { name, origin: 'new', cursor, waiting: [], parked: [], suspects: new Map() }
  }

  // Pruned events count as settled.
  async #beginning(start: Start): Promise<Beginning> {
    const seq = await this.#firstOf(start)
    const cursor = Math.max(seq, this.#life.session.first) - 1
    const isToCome = start instanceof Date && start.getTime() > this.#life.clock.now() && cursor >= this.#durable
    return isToCome ? { cursor, since: start.getTime() } : { cursor }
  }

  async #firstOf(start: Start): Promise<number> {
    if (start === 'now') return this.#durable + 1
    if (start === 'start') return 1
    if (start instanceof Date && !Number.isNaN(start.getTime())) return this.#firstSince(start)
    if (typeof start === 'number' && Number.isSafeInteger(start) && start >= 0) return this.#near(start)
    throw new TidingsError(
      'TIDINGS_LOG_INVALID',
      `a consumer starts at 'now', 'start', a Date or a seq, got ${quote(String(start))}`,
    )
  }

  // A time in ms, mistaken for a seq, would never be reached.
  #near(seq: number): number {
    const last = this.#durable
    if (seq <= last + MOST_AHEAD) return seq
    throw new TidingsError(
      'TIDINGS_LOG_INVALID',
      `a consumer can't start at event ${seq}: the log ends at ${last}; a time is given as a Date, new Date(${seq})`,
      { details: { seq, last } },
    )
  }

  async #firstSince(since: Date): Promise<number> {
    const upTo = this.#durable
    const events = readEvents(() => this.#life.session, { since, limit: 1 }, upTo)
    for await (const { event } of events) return event.seq
    return upTo + 1
  }

  get #durable(): number {
    return this.#life.session.writer.durable
  }

  #read(name: string): Cursor | undefined {
    return decode<Cursor>(keys.consumer(name), this.#life.session.db.getSync(keys.consumer(name)))
  }

  async #load(name: string, found: Cursor, options: ConsumerOptions): Promise<Omit<StoredConsumer, 'origin'>> {
    const records = await this.#entries(keys.retriesOf(name))
    const now = monotonic(this.#life.clock).now()
    const waiting = records.map(([key, text]) => {
      const record = decode<RetryRecord>(key, text)
      return { seq: seqOf(key), ...record, at: dueAgain(record, now) }
    })
    const parked = (await this.#entries(keys.parkedOf(name))).map(([key]) => seqOf(key))
    const suspects = await this.#suspects(name, found, waiting, parked)
    const cursor = await beyondSuspects(this.#life.session, found, [...suspects.keys()], heard(options))
    return { name, cursor, waiting, parked, suspects }
  }

  // The suspects are the unsettled events of the flight, and events that have been handed out alone before.
  async #suspects(
    name: string,
    cursor: Cursor,
    waiting: readonly { readonly seq: number; readonly at: number }[],
    parked: readonly number[],
  ): Promise<Deaths> {
    const key = keys.inFlight(name)
    const flight = decode<number[]>(key, this.#life.session.db.getSync(key)) ?? []
    const retried = new Set(waiting.map(({ seq }) => seq))
    const now = this.#life.clock.now()
    const deaths = new Map<number, number>()
    for (const seq of flight) if (isOpen(cursor, seq) || retried.has(seq)) deaths.set(seq, 0)
    for (const [crash, text] of await this.#entries(keys.crashesOf(name))) {
      deaths.set(seqOf(crash), decode<number>(crash, text))
    }
    for (const seq of parked) deaths.delete(seq)
    // An event with a later due time was no longer in flight, and must not hold up the rest.
    for (const { seq, at } of waiting) if (at > now) deaths.delete(seq)
    return deaths
  }

  #entries(prefix: string): Promise<[string, string][]> {
    return this.#life.session.db.iterator(startingWith(prefix)).all()
  }

  // The checksum covers the key, so each record is encoded again. One commit keeps the cursor under a single name.
  async #rename(from: string, to: string): Promise<Op[]> {
    const ops: Op[] = []
    const move = (key: string, text: string, target: string): void => {
      ops.push([key, undefined], [target, encode(target, decode(key, text))])
    }
    for (const [key, text] of await this.#entries(keys.retriesOf(from))) move(key, text, keys.retry(to, seqOf(key)))
    for (const [key, text] of await this.#entries(keys.parkedOf(from))) move(key, text, keys.parked(to, seqOf(key)))
    for (const [key, text] of await this.#entries(keys.crashesOf(from))) move(key, text, keys.crash(to, seqOf(key)))
    for (const [key, text] of await this.#entries(keys.inFlight(from))) move(key, text, keys.inFlight(to))
    const cursor = keys.consumer(from)
    const text = this.#life.session.db.getSync(cursor)
    if (text !== undefined) move(cursor, text, keys.consumer(to))
    return ops
  }

  async *list(): AsyncGenerator<ConsumerInfo> {
    for (const [key, text] of await this.#entries(KIND.cursor)) {
      const name = textsOf(key)[0] as string
      const { cursor: stored, created } = decode<Cursor>(key, text)
      const open = this.#open.get(name)
      const cursor = open?.settledTo ?? stored
      yield { name, cursor, created, lag: (await open?.lag()) ?? (await this.#lag(name, cursor)) }
    }
  }

  async #lag(name: string, cursor: number): Promise<Lag> {
    const count = async (prefix: string): Promise<number> =>
      (await this.#life.session.db.keys(startingWith(prefix)).all()).length
    const behind = Math.max(0, this.#durable - cursor)
    return { behind, running: 0, retrying: await count(keys.retriesOf(name)), parked: await count(keys.parkedOf(name)) }
  }

  /** The log closes cleanly. */
  closing(): void {
    for (const consumer of this.#open.values()) consumer.closing()
  }

  /** The store was reopened: each consumer repeats the writes that failed. */
  reopened(states: States): void {
    for (const consumer of [...this.#open.values(), ...this.#transients()]) consumer.reopened(states)
  }

  /** These events are durable: wakes the consumers that hear one of them. */
  committed(events: readonly EventRecord[]): void {
    const { durable } = this.#life
    const types = new Set<string>()
    for (const { event, told } of events) if (told) types.add(event.type)
    for (const consumer of this.#open.values()) consumer.committed(types, durable - events.length, durable)
    for (const consumer of this.#transients()) consumer.committed(types, durable - events.length, durable)
  }

  #transients(): LevelConsumer[] {
    const found: LevelConsumer[] = []
    for (const each of this.#transient) {
      const consumer = each.deref()
      if (consumer === undefined) this.#transient.delete(each)
      else found.push(consumer)
    }
    return found
  }
}

function cursorOp(name: string, cursor: Cursor): Op {
  const key = keys.consumer(name)
  return [key, encode(key, cursor)]
}
