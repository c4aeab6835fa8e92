import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type {
  ConsumerRecords,
  ConsumerStore,
  EventKind,
  EventRecord,
  RecordChange,
  StateWrite,
  WriteSource,
} from '../log/consumer/consumer-store.ts'
import { HELD_FOR_EVER } from '../log/hold.ts'
import type { Hold, Log, Writes } from '../log/port.ts'
import { type Fence, signalsOf } from './fence.ts'
import { readAfter, readOne } from './reads.ts'
import { type Alone, MARKS, type Saver, type Saves } from './saves.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/** The parts of a log that the stores of its consumers use. */
export interface ConsumerStoreParts {
  readonly session: Session
  readonly saves: Saves
  readonly clock: Clock
  /** Returns the seq up to which commits were announced to the consumers. */
  announced(): number
  /** Returns the log as it is under a fence. */
  viewOf(fence: Fence): Log
}

/** One holding of a consumer, and the number of the last save that is stored. */
export interface Holding {
  readonly fence: Fence
  readonly saved: number
  /** Gives the consumer back. */
  release(): Promise<void>
}

/** What the logic of one consumer needs of a log in PostgreSQL. */
export class PostgresConsumerStore implements ConsumerStore, Saver {
  readonly clock: Clock
  readonly changes$: Observable<unknown>
  readonly name: string | undefined
  readonly held: Hold
  readonly #fence: Fence | undefined
  saved: number
  source: WriteSource | undefined
  /** Who had the suspects alone, by their seqs. */
  suspects = new Map<number, Alone>()
  readonly #session: Session
  readonly #saves: Saves
  readonly #announced: () => number
  #placed = 0

  /** `name` is undefined for a consumer that stores nothing but state; `held`: absent for one that is only looked at. */
  constructor(log: ConsumerStoreParts, name?: string, held?: Holding) {
    this.clock = log.clock
    this.#session = log.session
    this.#saves = log.saves
    this.changes$ = log.session.changes$
    this.name = name
    this.#fence = held?.fence
    this.held =
      held === undefined
        ? HELD_FOR_EVER
        : { log: log.viewOf(held.fence), ...signalsOf(held.fence), release: held.release }
    this.saved = held?.saved ?? 0
    this.#announced = log.announced
  }

  /** Whatever is written without a holding is refused. */
  get epoch(): number {
    return this.#fence?.epoch ?? -1
  }

  get isLost(): boolean {
    return this.#fence?.lost.aborted === true
  }

  get ready(): boolean {
    return this.#session.state === 'ready'
  }

  get durable(): number {
    return this.#session.durable
  }

  get announced(): number {
    return this.#announced()
  }

  get first(): number {
    this.#session.checkOpen()
    if (!this.ready) throw new TidingsError('TIDINGS_LOG_FAILED', 'the log is not connected to PostgreSQL now')
    return this.#session.first
  }

  read(after: number, max: number): Promise<readonly EventRecord[]> {
    return readAfter(this.#session, after, max)
  }

  async readOne(seq: number): Promise<StoredEvent | undefined> {
    return (await readOne(this.#session, seq))?.event
  }

  async readRecord<K extends EventKind>(kind: K, seq: number): Promise<ConsumerRecords[K] | undefined> {
    const text = `SELECT body FROM ${this.#session.name('mark')} WHERE consumer = $1 AND kind = $2 AND seq = $3`
    const [row] = await this.#session.write(text, [toText(this.name ?? ''), MARKS[kind], seq])
    return row === undefined ? undefined : (JSON.parse(fromText(row[0] as string)) as ConsumerRecords[K])
  }

  // The server counts the revisions: here, only the order matters.
  placeState(writes: Writes): readonly StateWrite[] {
    return writes.map((write) => this.placeAgain(['', JSON.stringify(write)]))
  }

  placeAgain([, text]: StateWrite): StateWrite {
    this.#placed += 1
    return [String(this.#placed), text]
  }

  alone(seq: number, isSuspect: boolean): Alone | undefined {
    if (!isSuspect) {
      this.suspects.delete(seq)
      return undefined
    }
    const { before = 0, agents = [] } = this.suspects.get(seq) ?? {}
    const { agent } = this.#session.options
    const alone = { before, agents: [...agents.filter((each) => each !== agent), agent] }
    this.suspects.set(seq, alone)
    return alone
  }

  save(source: WriteSource, soon: boolean): void {
    this.source = source
    this.#saves.enlist(this, soon)
  }

  flush(): Promise<void> {
    return this.#saves.flush(this)
  }

  note(changes: readonly RecordChange[]): Promise<void> {
    return this.#saves.note(this, changes)
  }

  fenced(): void {
    this.#fence?.lose()
  }
}
