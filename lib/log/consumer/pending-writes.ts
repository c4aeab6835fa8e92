import type { Write, Writes } from '../port.ts'
import type {
  ConsumerRecords,
  ConsumerStore,
  EventKind,
  PendingBatch,
  RecordChange,
  StateWrite,
} from './consumer-store.ts'

/** Changes and state by place: a later write replaces an earlier one. */
interface Gathered {
  readonly records: Map<string, RecordChange>
  readonly state: Map<string, StateWrite>
}

const nothing = (): Gathered => ({ records: new Map(), state: new Map() })

/**
 * The pending writes of one consumer: gathered until the next commit collects them, kept until that commit is durable,
 * and gathered again if it fails. Of all consumers of one name, only one takes writes; once closed, it drops them.
 */
export class PendingWrites {
  readonly #store: ConsumerStore
  readonly #isTransient: boolean
  #gathered = nothing()
  #writing = nothing()
  // State without a place: the present value could not be read from the store.
  readonly #unplaced: Write[] = []
  #closed = false

  /** `isTransient`: stores nothing except the state that handlers wrote. */
  constructor(store: ConsumerStore, isTransient: boolean) {
    this.#store = store
    this.#isTransient = isTransient
  }

  /** Another consumer has replaced this one: writes nothing more. */
  close(): void {
    this.#closed = true
    this.#gathered = nothing()
    this.#writing = nothing()
    this.#unplaced.length = 0
  }

  change(change: RecordChange): void {
    if (!this.#isTransient && !this.#closed) this.#gathered.records.set(placeOf(change), change)
  }

  /** Takes validated state. The commit that takes later changes writes it too, never a later commit. */
  writeState(writes: Writes): void {
    if (writes.length === 0 || this.#closed) return
    this.#unplaced.push(...writes)
    try {
      this.#place()
    } catch {
      // The store can't be read. `collect` tries again: if that fails too, so does the commit, with its cursor.
    }
  }

  #place(): void {
    if (this.#unplaced.length === 0) return
    for (const write of this.#store.placeState(this.#unplaced)) this.#gathered.state.set(write[0], write)
    this.#unplaced.length = 0
  }

  /** Resolves to a record as pending, or else as stored. */
  async read<K extends EventKind>(kind: K, seq: number): Promise<ConsumerRecords[K] | undefined> {
    const place = `${kind} ${seq}`
    const pending = this.#gathered.records.get(place) ?? this.#writing.records.get(place)
    return pending === undefined
      ? this.#store.readRecord(kind, seq)
      : (pending.record as ConsumerRecords[K] | undefined)
  }

  /** Returns all pending writes, for the commit that is being built. */
  collect(): PendingBatch {
    this.#place()
    this.#writing = this.#gathered
    this.#gathered = nothing()
    return { records: [...this.#writing.records.values()], state: [...this.#writing.state.values()] }
  }

  /** That commit is durable or has failed. After a failure its writes are pending again, under later changes. */
  settled(durable: boolean): void {
    const { records, state } = this.#writing
    this.#writing = nothing()
    if (durable) return
    this.#gathered = {
      records: new Map([...records, ...this.#gathered.records]),
      state: new Map([...state, ...this.#gathered.state]),
    }
  }

  /** The store was reopened: state gets a new place in the order of writes. */
  reopened(): void {
    for (const [key, write] of this.#gathered.state) this.#gathered.state.set(key, this.#store.placeAgain(write))
    this.#place()
  }
}

function placeOf(change: RecordChange): string {
  return 'seq' in change ? `${change.kind} ${change.seq}` : change.kind
}
