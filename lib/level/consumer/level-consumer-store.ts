import type { Observable } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type {
  ConsumerRecords,
  ConsumerStore,
  EventKind,
  RecordChange,
  StateWrite,
  WriteSource,
} from '../../log/consumer/consumer-store.ts'
import { HELD_FOR_EVER } from '../../log/hold.ts'
import type { Writes } from '../../log/port.ts'
import { keys } from '../format/keys.ts'
import { decode, type EventRecord, encode } from '../format/records.ts'
import { readRecord } from '../read/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import type { CommitParticipant, Op } from '../write/commit.ts'
import type { Writer } from '../write/writer.ts'

/** Where the records of an event are. */
const keyOf = { retry: keys.retry, parked: keys.parked, crashes: keys.crash } as const

/** What the logic of one consumer needs of a log in LevelDB. */
export class LevelConsumerStore implements ConsumerStore, CommitParticipant {
  readonly clock: Clock
  readonly held = HELD_FOR_EVER
  readonly changes$: Observable<unknown>
  readonly #name: string
  readonly #store: ReopeningStore
  readonly #announced: () => number
  #source: WriteSource | undefined
  /** The writer that will ask for the pending writes within 50 ms. */
  #asked: Writer | undefined

  /** @param announced returns the seq up to which commits were announced to the consumers that hear them */
  constructor(name: string, store: ReopeningStore, announced: () => number) {
    this.clock = store.clock
    this.changes$ = store.changes$
    this.#name = name
    this.#store = store
    this.#announced = announced
  }

  get ready(): boolean {
    return this.#store.ready
  }

  get durable(): number {
    return this.#store.durable
  }

  get announced(): number {
    return this.#announced()
  }

  get first(): number {
    return this.#store.session.first
  }

  read(after: number, max: number): Promise<readonly EventRecord[]> {
    return this.#inSession((session) => session.read(after, max))
  }

  readOne(seq: number): Promise<StoredEvent | undefined> {
    return this.#inSession(async (session) => (await readRecord(session, seq))?.event)
  }

  async readRecord<K extends EventKind>(kind: K, seq: number): Promise<ConsumerRecords[K] | undefined> {
    const key = keyOf[kind](this.#name, seq)
    return decode<ConsumerRecords[K]>(key, this.#store.session.db.getSync(key))
  }

  placeState(writes: Writes): readonly StateWrite[] {
    return this.#writable.states.write(writes)
  }

  placeAgain([key, text]: StateWrite): StateWrite {
    return this.#writable.states.put(key, text)
  }

  save(source: WriteSource, soon: boolean): void {
    const writer = this.#store.writable?.writer
    if (writer === undefined || writer === this.#asked) return
    this.#source = source
    if (soon) this.#asked = writer
    writer.enlist(this, soon)
  }

  async flush(): Promise<void> {
    await this.#writable.writer.flush()
  }

  note(changes: readonly RecordChange[]): Promise<void> {
    return this.#inSession(({ writer }) => writer.note(this.#ops(changes)))
  }

  collect(): readonly Op[] {
    this.#asked = undefined
    const { records = [], state = [] } = this.#source?.collect() ?? {}
    return [...this.#ops(records), ...state]
  }

  settled(durable: boolean): void {
    this.#source?.settled(durable)
  }

  // Also the session of a log that is being closed, until its last commit.
  get #writable(): Session {
    return this.#store.writable ?? this.#store.session
  }

  // LevelDB's error about a store that was closed in between says little; `session` throws one that names the reason.
  async #inSession<T>(act: (session: Session) => Promise<T>): Promise<T> {
    const { session } = this.#store
    try {
      return await act(session)
    } catch (error) {
      if (this.#store.session === session) throw error
      throw new TidingsError('TIDINGS_LOG_FAILED', 'the store was reopened in between', { cause: error })
    }
  }

  #ops(changes: readonly RecordChange[]): Op[] {
    return changes.map((change): Op => {
      const key = this.#key(change)
      return [key, change.record === undefined ? undefined : encode(key, change.record)]
    })
  }

  #key(change: RecordChange): string {
    if ('seq' in change) return keyOf[change.kind](this.#name, change.seq)
    return change.kind === 'cursor' ? keys.consumer(this.#name) : keys.inFlight(this.#name)
  }
}
