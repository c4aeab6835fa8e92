import { Subject } from 'rxjs'
import { TidingsError } from '../../../lib/core/errors.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import type {
  ConsumerRecords,
  ConsumerStore,
  CursorRecord,
  EventKind,
  EventRecord,
  PendingBatch,
  RecordChange,
  StateWrite,
  WriteSource,
} from '../../../lib/log/consumer/consumer-store.ts'
import { LogConsumer } from '../../../lib/log/consumer/log-consumer.ts'
import { storedConsumer } from '../../../lib/log/consumer/stored-consumer.ts'
import { HELD_FOR_EVER } from '../../../lib/log/hold.ts'
import type { ConsumerOptions, Writes } from '../../../lib/log/port.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

const heardAll = (): boolean => true

/** The store of one consumer in plain arrays and maps: what a store needs beside LevelDB, and nothing more. */
export class ArrayStore implements ConsumerStore {
  readonly clock = virtualClock()
  readonly held = HELD_FOR_EVER
  readonly changes$ = new Subject<unknown>()
  ready = true
  announced = 0
  first = 1
  readonly events: EventRecord[] = []
  readonly state = new Map<string, string | undefined>()
  /** What each commit had in it. */
  readonly commits: PendingBatch[] = []
  /** The error of the next read, or of the next commit. */
  failsWith: Error | undefined
  #cursor: CursorRecord = { cursor: 0, created: 0 }
  #inFlight: readonly number[] = []
  readonly #records = new Map<EventKind, Map<number, unknown>>([
    ['retry', new Map()],
    ['parked', new Map()],
    ['crashes', new Map()],
  ])
  #source: WriteSource | undefined

  /** Opens the consumer from what is stored, as after a restart. */
  async open(options: Partial<ConsumerOptions> = {}): Promise<LogConsumer> {
    const of = <K extends EventKind>(kind: K) =>
      [...(this.#records.get(kind) as Map<number, ConsumerRecords[K]>)].sort(([a], [b]) => a - b)
    const records = {
      cursor: this.#cursor,
      inFlight: this.#inFlight,
      retries: of('retry').map(([seq, record]) => ({ seq, ...record })),
      parked: of('parked').map(([seq]) => seq),
      crashes: new Map(of('crashes')),
    }
    this.#source = undefined
    const stored = await storedConsumer(this, records, heardAll, this.clock.now())
    return new LogConsumer(this, { name: 'c', origin: 'known', ...stored }, { start: 'start', ...options })
  }

  /** Stores events of the type `it`. */
  publish(count: number): void {
    for (let i = 0; i < count; i++) {
      const seq = this.durable + 1
      const event: StoredEvent = { seq, type: 'it', identifier: `${seq}`, data: null, created: this.clock.now() }
      this.events.push({ event, told: true, size: 100 })
    }
  }

  get durable(): number {
    return this.events.length
  }

  async read(after: number, max: number): Promise<readonly EventRecord[]> {
    this.#fail()
    return this.events.slice(after, after + max)
  }

  async readOne(seq: number): Promise<StoredEvent | undefined> {
    this.#fail()
    return this.events[seq - 1]?.event
  }

  async readRecord<K extends EventKind>(kind: K, seq: number): Promise<ConsumerRecords[K] | undefined> {
    this.#fail()
    return this.#records.get(kind)?.get(seq) as ConsumerRecords[K] | undefined
  }

  placeState(writes: Writes): readonly StateWrite[] {
    return writes.map(({ namespace, key, value }) => [`${namespace}/${key}`, JSON.stringify(value)])
  }

  placeAgain(write: StateWrite): StateWrite {
    return write
  }

  save(source: WriteSource): void {
    if (this.ready) this.#source = source
  }

  async flush(): Promise<void> {
    const source = this.#source
    this.#source = undefined
    if (source === undefined) return
    const batch = source.collect()
    try {
      this.#fail()
    } catch (error) {
      source.settled(false)
      throw error
    }
    this.commits.push(batch)
    for (const change of batch.records) this.#apply(change)
    for (const [key, text] of batch.state) this.state.set(key, text)
    source.settled(true)
  }

  async note(changes: readonly RecordChange[]): Promise<void> {
    this.#fail()
    for (const change of changes) this.#apply(change)
  }

  #apply(change: RecordChange): void {
    if (change.kind === 'cursor') this.#cursor = change.record
    else if (change.kind === 'inFlight') this.#inFlight = change.record ?? []
    else if (change.record === undefined) this.#records.get(change.kind)?.delete(change.seq)
    else this.#records.get(change.kind)?.set(change.seq, change.record)
  }

  #fail(): void {
    const error = this.failsWith
    this.failsWith = undefined
    if (error !== undefined) throw error
  }
}

/** The error of a store that is closed after a failed write. */
export const closedForNow = new TidingsError('TIDINGS_LOG_FAILED', 'the store is closed after a failed write')
