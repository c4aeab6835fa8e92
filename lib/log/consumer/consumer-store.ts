import type { Observable } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Hold, Span, Writes } from '../port.ts'

/** An event as the log stores it. */
export interface EventRecord {
  readonly event: StoredEvent
  /** False for an event that was stored without delivering it to listeners. */
  readonly told: boolean
  /** The run that published it, if it was read from the store: its slot in ISO format, `#`, and the attempt. */
  readonly run?: string | undefined
  /** The number of characters of its record, an estimate of the memory it takes. */
  readonly size: number
}

/** The events after a cursor that are settled or have a record of their own: all up to `to`, except the `open` ones. */
export interface Beyond {
  readonly to: number
  /** The seqs still to be handed out, lowest first. */
  readonly open: readonly number[]
}

/** How far a consumer is. */
export interface CursorRecord {
  /** The seq up to which every event is settled or has a record of its own. */
  readonly cursor: number
  /** When the consumer was first opened, in ms since the epoch. */
  readonly created: number
  /** Known progress after the cursor; absent: none. */
  readonly beyond?: Beyond
  /** The number of requests to redeliver events. */
  readonly replays?: number
  /**
   * The consumer was moved back: the events after its cursor, up to `until`, belong to this replay. `unheard`: those that
   * it had passed over, and hears for the first time; absent: none.
   */
  readonly again?: { readonly until: number; readonly replay: number; readonly unheard?: readonly Span[] }
  /** What the consumer has passed over without hearing it; absent in old records: unknown. */
  readonly passed?: readonly Span[]
  /** The consumer skips events created before this time (ms since the epoch); absent: it has begun. */
  readonly since?: number
  /** The keys by which the consumer is a shard (their name); absent: it is whole. */
  readonly keys?: string
}

/** An event that waits for its next attempt. */
export interface RetryRecord {
  /** The attempts so far. */
  readonly attempts: number
  /** When the next attempt is due, in ms since the epoch. */
  readonly at: number
  /** When that was decided, in ms since the epoch; absent in old records. */
  readonly since?: number
  readonly error?: ErrorInfo
  readonly replay?: number
}

/** An event that was parked. */
export interface ParkedRecord {
  readonly attempts: number
  /** When it was parked, in ms since the epoch. */
  readonly at: number
  readonly error: ErrorInfo
  readonly replay?: number
}

/** The records of a consumer by kind. A consumer has one cursor and one `inFlight`; the others exist once per event. */
export interface ConsumerRecords {
  readonly cursor: CursorRecord
  /** The seqs handed out and not settled, noted before each hand-out (decision 0006). */
  readonly inFlight: readonly number[]
  readonly retry: RetryRecord
  readonly parked: ParkedRecord
  /** How often the process died with this event alone in flight. */
  readonly crashes: number
}

/** A kind of record that exists once per event. */
export type EventKind = 'retry' | 'parked' | 'crashes'

/** A record to store; without `record`, the record is removed. */
export type RecordChange =
  | {
      readonly [K in EventKind]: { readonly kind: K; readonly seq: number; readonly record?: ConsumerRecords[K] }
    }[EventKind]
  | { readonly kind: 'cursor'; readonly record: CursorRecord }
  | { readonly kind: 'inFlight'; readonly record?: readonly number[] }

/**
 * One value of state with its place among all writes of the log: where the store keeps it, its text (undefined: the
 * value is deleted), and its number in the order of writes. Only the store reads the parts.
 */
export type StateWrite = readonly [key: string, text: string | undefined, order?: number]

/** The pending writes of a consumer. A store writes them in one atomic commit, or none of them. */
export interface PendingBatch {
  readonly records: readonly RecordChange[]
  readonly state: readonly StateWrite[]
}

/** A consumer, as the store asks it for its pending writes. */
export interface WriteSource {
  /** Returns all pending writes. Called once per commit, synchronously, while the commit is built. */
  collect(): PendingBatch
  /** The collected writes are durable (true), or must be collected again (false). */
  settled(durable: boolean): void
}

/**
 * The store of one consumer: everything that the logic of a consumer needs of a log. A log in another database
 * implements this and gets the same hand-out, retries, parking and crash safety (decision 0049).
 *
 * Every method rejects with `TIDINGS_LOG_FAILED` when the store is closed after a failed write (it will reopen), and
 * with `TIDINGS_LOG_CLOSED` once the log is closed. Any other error is an error of the open store.
 */
export interface ConsumerStore {
  readonly clock: Clock
  /** The hold under which the consumer is open. */
  readonly held: Hold
  /** False while the store is closed after a failed write, and from the call of `close()` on. */
  readonly ready: boolean
  /** Emits when `ready` has changed; errors with `TIDINGS_LOG_CLOSED` when the log is closed. */
  readonly changes$: Observable<unknown>
  /** The highest durable seq; known also while the store is closed. */
  readonly durable: number
  /**
   * The seq up to which commits were announced: of each that has an event of its types, the consumer was told. So a consumer
   * at rest has passed over everything up to here without reading it (decision 0067).
   */
  readonly announced: number
  /** The lowest seq whose body is kept. @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED` */
  readonly first: number
  /** Resolves to durable events after a seq: at most `max`, fewer when they are large, none only at the end. */
  read(after: number, max: number): Promise<readonly EventRecord[]>
  /** Resolves to one event; undefined when it was pruned. */
  readOne(seq: number): Promise<StoredEvent | undefined>
  /** Resolves to the stored record of an event. */
  readRecord<K extends EventKind>(kind: K, seq: number): Promise<ConsumerRecords[K] | undefined>
  /**
   * Gives state its place in the order of writes: reads of the log return it from now on, and the next commit stores
   * it. All or nothing: when the present value of one can't be read, it throws and places none.
   */
  placeState(writes: Writes): readonly StateWrite[]
  /** Gives state a new place after the store was reopened. */
  placeAgain(write: StateWrite): StateWrite
  /**
   * The next commit collects from this source. `soon`: a commit begins within 50 ms even if the log is idle. Does
   * nothing while the store can't be written; the log calls the consumer when it was reopened.
   */
  save(source: WriteSource, soon: boolean): void
  /** Commits everything that is to be saved; resolves when it is durable. */
  flush(): Promise<void>
  /** Stores records at once, beside the commits: they survive the death of the process, not that of the machine. */
  note(changes: readonly RecordChange[]): Promise<void>
}
