import { monotonic } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { ConsumerOptions, Handed } from '../port.ts'
import { typeTest } from '../type-names.ts'
import type { ConsumerStore, EventRecord, RecordChange } from './consumer-store.ts'
import type { ConsumerCursor } from './cursor.ts'
import type { InFlight } from './in-flight.ts'
import type { Waiting } from './retries.ts'

/**
 * The most events of one consumer that may wait for another attempt; beyond it, no new events are handed out, unless
 * they wait for these. The events are on disk, but their seqs and due times are in memory (decision 0008).
 */
const MOST_WAITING = 10_000

/** How a consumer hands out. */
export interface HandOutOptions extends ConsumerOptions {
  /** Of a shard: whether it is the shard of this event. */
  readonly isOwn?: (event: StoredEvent) => boolean
}

/** Returns a test whether a consumer with these options hears an event. */
export function hears({ types, isOwn }: Pick<HandOutOptions, 'types' | 'isOwn'>): (record: EventRecord) => boolean {
  const test = typeTest(types)
  return ({ event, told }) => told && test(event.type) && (isOwn === undefined || isOwn(event))
}

/** The parts of a HandOut. */
export interface HandOutParts {
  readonly store: ConsumerStore
  readonly inFlight: InFlight
  readonly cursor: ConsumerCursor
  readonly options: HandOutOptions
  /** Whether this consumer may hand out events: false once it has retired. */
  readonly isPresent: () => boolean
}

/**
 * Hands out the events of one consumer: due retries and new events. A due event may lie after the backlog position (the
 * process died over it, or it was put back before its turn). It is handed out when the backlog reaches it, because
 * older events, perhaps of its key, have not been handed out yet.
 */
export class HandOut {
  readonly #parts: HandOutParts
  readonly #backlog: Backlog
  readonly #isInOrder: boolean
  readonly #hearsType: (type: string) => boolean
  // The seq of the next event that waits after the backlog position; undefined: no such event.
  #next: number | undefined
  // Begun but not returned by a pull, because noting failed. The next pull gets these first.
  readonly #held: Handed[] = []
  #noting: Promise<unknown> = Promise.resolve()
  #taking = 0
  // Everything durable was read, and no event that it hears was announced since.
  #isResting = false

  constructor(parts: HandOutParts) {
    this.#parts = parts
    const { cursor, inFlight, options } = parts
    const hearsIt = hears(options)
    const isWanted = (record: EventRecord): boolean =>
      hearsIt(record) &&
      cursor.hasBegun(record.event) &&
      cursor.isNew(record.event.seq) &&
      !inFlight.isWaiting(record.event.seq)
    this.#backlog = new Backlog(cursor.cursor, isWanted)
    this.#isInOrder = options.inOrder === true
    this.#hearsType = typeTest(options.types)
  }

  /** The seq up to which every event was handed out or skipped. */
  get position(): number {
    const { position } = this.#backlog
    return this.#isResting ? Math.max(position, this.#parts.store.announced) : position
  }

  /** Whether the consumer hears events of this type. */
  hears(type: string): boolean {
    return this.#hearsType(type)
  }

  /**
   * If everything is read, the consumer rests: until it is woken, it passes over what is announced, without a read, a write
   * or a call (decision 0067). Call when a take has found nothing.
   */
  rest(): void {
    this.#isResting = this.#backlog.position >= this.#parts.store.durable
  }

  /** Ends the rest: from its position on, the consumer reads. Call before an event that it hears is announced. */
  wake(): void {
    this.#backlog.position = this.position
    this.#isResting = false
  }

  /** Whether another take could find events right now. */
  get more(): boolean {
    return this.#held.length > 0 || (this.#mayReadOn() && this.position < this.#parts.store.durable)
  }

  /**
   * Hands out events in three steps: read, begin, note. Reading changes nothing. Events begin synchronously, without an
   * await in between. If noting fails, they are held for the next take.
   */
  async take(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    this.wake()
    this.#taking += 1
    try {
      if (this.#held.length === 0) await this.#begin(max, signal)
      return await this.#note(this.#held.splice(0, max))
    } catch (error) {
      // A store closed in between, after a failed write, will be reopened; a closed log ends the wait of the pull.
      if (hasCode(error, 'TIDINGS_LOG_FAILED') || hasCode(error, 'TIDINGS_LOG_CLOSED')) return []
      throw error
    } finally {
      this.#taking -= 1
    }
  }

  /** Whether a take is reading events. */
  get isTaking(): boolean {
    return this.#taking > 0
  }

  /** Resolves when all pending notes are written. */
  async noted(): Promise<void> {
    await this.#noting
  }

  /** Takes back events that a pull could not return. */
  hold(handed: readonly Handed[]): void {
    this.#held.push(...handed)
    this.#held.sort((a, b) => a.event.seq - b.event.seq)
  }

  async #begin(max: number, signal: AbortSignal): Promise<void> {
    const { store, isPresent } = this.#parts
    const due = this.#due(max)
    const found = await Promise.all(due.map(async (waiting) => ({ waiting, event: await store.readOne(waiting.seq) })))
    const room = this.#mayReadOn() ? max - due.filter(({ seq }) => seq <= this.position).length : 0
    if (room > 0) await this.#backlog.readAhead(store, room)
    if (signal.aborted || !isPresent()) return
    const fresh = this.#fresh(room)
    const again = this.#again(found.filter(({ waiting }) => waiting.seq <= this.position))
    // Usually nothing else is held, and new events come in order.
    if (again.length === 0 && this.#held.length === 0) this.#held.push(...fresh)
    else this.hold([...again, ...fresh])
  }

  // The due events behind the backlog position, and the next one after it.
  #due(max: number): readonly Waiting[] {
    const { store, inFlight } = this.#parts
    const due = inFlight.due(monotonic(store.clock).now(), max)
    const { position } = this
    const next = this.#isInOrder ? inFlight.first : due.find(({ seq }) => seq > position)
    this.#next = next === undefined || next.seq <= position ? undefined : next.seq
    return due.filter(({ seq }) => seq <= position || seq === this.#next)
  }

  #mayReadOn(): boolean {
    const { inFlight, cursor } = this.#parts
    if (this.#next !== undefined) return true
    const { first } = inFlight
    if (this.#isInOrder) return first === undefined || first.seq > this.position
    return inFlight.counted - cursor.recordedAhead < MOST_WAITING
  }

  #again(found: readonly { waiting: Waiting; event: StoredEvent | undefined }[]): Handed[] {
    const { inFlight } = this.#parts
    const handed: Handed[] = []
    for (const { waiting, event } of found) {
      const { seq, attempts, replay } = waiting
      if (!inFlight.beginAgain(seq)) continue
      // The event was pruned; or its replay was asked of a log at rest, which does not know the types.
      const isForeign = replay !== undefined && attempts === 0 && event !== undefined && !this.#hearsType(event.type)
      if (event === undefined || isForeign) inFlight.settle(seq)
      else handed.push({ event, attempt: attempts + 1, ...(replay === undefined ? {} : { replay }) })
    }
    return handed
  }

  #fresh(room: number): Handed[] {
    const { inFlight, cursor } = this.#parts
    const handed = this.#backlog.take(room, this.#next).map((event): Handed => {
      const replay = cursor.replay(event.seq)
      return replay === undefined ? { event, attempt: 1 } : { event, attempt: 1, replay }
    })
    for (const { event } of handed) inFlight.begin(event.seq)
    return handed
  }

  // Events in flight are noted before they are handed out (decision 0006). A note survives the death of the process,
  // and need not wait for the disk.
  async #note(begun: readonly Handed[]): Promise<readonly Handed[]> {
    const { inFlight, options } = this.#parts
    if (begun.length === 0 || options.transient === true) return begun
    const { handed, changes } = inFlight.note(begun)
    const noting = this.#write(handed, changes)
    const over = (): void => undefined
    this.#noting = Promise.all([this.#noting, noting.then(over, over)]).then(over)
    try {
      await noting
      inFlight.handedOut(handed)
      return handed
    } catch (error) {
      this.hold(begun)
      throw error
    }
  }

  async #write(handed: readonly Handed[], changes: readonly RecordChange[]): Promise<void> {
    const { store } = this.#parts
    // Earlier suspects that were handled are cleared durably first, so that the next crash is not counted against them.
    if (handed.some(({ crashes }) => crashes !== undefined)) await store.flush()
    await store.note(changes)
  }
}

/** Records per read: a consumer of rare types skips this many at a time. */
const LOOK_AHEAD = 512

/** Characters of records read ahead in one go: more would block the event loop. */
const MOST_TEXT = 512 * 1024

const sizeOf = (records: readonly EventRecord[]): number => records.reduce((sum, { size }) => sum + size, 0)

/** The events that one consumer has not been handed yet: a position in the log, and the records read ahead of it. */
class Backlog {
  position: number
  readonly #isWanted: (record: EventRecord) => boolean
  #ahead: readonly EventRecord[] = []
  #taken = 0

  /** Begins after `position`; only wanted records are handed out. */
  constructor(position: number, isWanted: (record: EventRecord) => boolean) {
    this.position = position
    this.#isWanted = isWanted
  }

  /** Reads on until `count` events are at hand; fewer at the end of the log, or when they are large. */
  async readAhead(store: ConsumerStore, count: number): Promise<void> {
    if (this.#ahead.length - this.#taken >= count) return
    let ahead: readonly EventRecord[] = this.#ahead.slice(this.#taken)
    let size = sizeOf(ahead)
    while (ahead.length < count && size < MOST_TEXT) {
      const page = await store.read(ahead.at(-1)?.event.seq ?? this.position, LOOK_AHEAD)
      if (page.length === 0) break
      size += sizeOf(page)
      ahead = ahead.length === 0 ? page : ahead.concat(page)
    }
    this.#ahead = ahead
    this.#taken = 0
  }

  /** Takes the next wanted events that were read, at most `room` and none after `until`; skips the others. */
  take(room: number, until = Number.POSITIVE_INFINITY): StoredEvent[] {
    const taken: StoredEvent[] = []
    while (this.#taken < this.#ahead.length && taken.length < room) {
      const record = this.#ahead[this.#taken] as EventRecord
      if (record.event.seq > until) break
      this.#taken += 1
      this.position = record.event.seq
      if (this.#isWanted(record)) taken.push(record.event)
    }
    return taken
  }
}
