import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from './claim.ts'
import type { ConsumerInfo, Handed, Lag, Parked, Retrying } from './consumer-facts.ts'
import type { EventPlace, Stored, TypeCount } from './event-facts.ts'
import type { KeyValue } from './key-value.ts'
import type { LogMeter } from './log-meter.ts'
import type { Origin, Writes } from './origin.ts'
import type { Keys } from './shards.ts'

export type { ConsumerInfo, Handed, Lag, Parked, Retrying, Span } from './consumer-facts.ts'
export type { EventPlace, Stored, TypeCount } from './event-facts.ts'
export type { Entry, KeyValue } from './key-value.ts'
export type { Origin, Recorded, Write, Writes } from './origin.ts'

/** A query over the events of a log. An event must match every given part. */
export interface Query {
  /** The names of event types, or patterns where `*` matches any characters; default all types. */
  readonly types?: readonly string[]
  /** Only events accepted at this time or later (a Date, or ms since the epoch). */
  readonly since?: Date | number
  /** Only events accepted at this time or earlier (a Date, or ms since the epoch). */
  readonly until?: Date | number
  /** Only events with a higher seq; default 0. */
  readonly after?: number
  /** Only events with a lower seq; default all. */
  readonly before?: number
  /** Only events that were told to listeners (true), or only those that were stored untold (false); default all. */
  readonly told?: boolean
  /** Returns at most this many events; default all. */
  readonly limit?: number
  /** Newest first; default oldest first. */
  readonly reverse?: boolean
  /** A predicate. A test of `tidings/filters` bounds what is read, see `log/query-plan.ts`; a function sees each event. */
  readonly where?: (event: StoredEvent) => boolean
}

/**
 * Where a new listener begins. A number is the seq of the first event it hears, at most 10 000 beyond the end of the
 * log. A Date means the first event created then or later; with a Date in the future, the listener skips all events
 * created before it.
 */
export type Start = 'now' | 'start' | Date | number

/** How a consumer is opened. */
export interface ConsumerOptions {
  /** Where a consumer that is new to the log begins. */
  readonly start: Start
  /**
   * Moves a known consumer to `start` too: it skips the events in between, or receives them again as a replay. Retries
   * and parked events stay. Default false.
   */
  readonly move?: boolean
  /** The event types it hears (names, or patterns with `*`); default all. */
  readonly types?: readonly string[]
  /** The name of a consumer whose cursor, retries and parked events this one takes over if it is new; default none. */
  readonly formerly?: string
  /** Whether it hands out nothing newer while an older event waits for its retry; default false. */
  readonly inOrder?: boolean
  /** Which events keep their order; needed to share the consumer, and to end that. */
  readonly keys?: Keys
  /**
   * Whether the agents that share the log also share the events, by key: the consumer then has shards. Default false. A log
   * that one process owns ignores it.
   */
  readonly shared?: boolean
  /** Whether it ends with the process and stores nothing but the writes of `ack` and `park`; default false. */
  readonly transient?: boolean
}
/** When an event is to be attempted again. */
export interface RetryPlan {
  /** In ms since the epoch. */
  readonly at: number
  /** Why the last attempt failed. */
  readonly error?: unknown
  /** Whether it does not count among those that wait; default it does. */
  readonly beyond?: boolean
}

/**
 * The durable side of one listener. It hands out each event of its types until the event is settled: acked, or parked
 * and dropped. Call one `pull` at a time.
 *
 * `ack`, `retry` and `park` return at once; the next commit stores them, within 50 ms. After a crash, events whose
 * results were not durable yet are handed out again. For an event that this consumer does not have in flight (any more)
 * they do nothing.
 */
export interface Consumer {
  /** Its name, unique in the log. */
  readonly name: string
  /** Whether the consumer is new to the log, known to it, or renamed from `formerly`. */
  readonly origin: 'new' | 'known' | 'renamed'
  /**
   * The number of events that were in flight when the process died and have not been handed out since. They come first:
   * while any are left, pull one at a time, and handle nothing else in the process until it is settled.
   */
  readonly suspects: number
  /** Emits after events were handed out, skipped, settled or redelivered: `lag()` may have changed. */
  readonly changes$: Observable<void>
  /** Of a shared consumer: its shards, each to be held and pulled for itself. Absent: it is held and pulled as a whole. */
  readonly shards?: readonly Consumer[]
  /**
   * Of a shard: whether it is the shard of this event.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` where only the code of the listener knows, and this process does not have that
   */
  readonly owns?: ((event: StoredEvent) => boolean) | undefined
  /**
   * Takes the consumer for this opening, as `pull` does, and waits while another agent has it. What its deliveries write
   * goes through the log of the hold. Resolves to undefined when the signal aborts; it asks at least once.
   *
   * @throws TidingsError `TIDINGS_LOG_CLOSED` as `pull`
   */
  hold(signal: AbortSignal): Promise<Hold | undefined>
  /**
   * Hands out at least one event and at most `max`, from 1: due retries and new events, lowest seqs first. Waits for
   * the first one, also while the log has failed. Resolves to [] when the signal aborts.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` for a wrong `max`; `TIDINGS_LOG_CLOSED` when the log is closed, or when
   *   another opening of this consumer pulls; `TIDINGS_LOG_FAILED` when another opening failed half-way: the log hands out
   *   again all that is in flight, so end those deliveries before the next pull
   */
  pull(max: number, signal: AbortSignal): Promise<readonly Handed[]>
  /**
   * Settles an event as handled. One commit stores the writes and the cursor.
   *
   * @throws TidingsError `TIDINGS_DATA_INVALID` for a value that is not JSON, `TIDINGS_LOG_INVALID` for an invalid key
   */
  ack(handed: Handed, writes?: Writes): void
  /**
   * Schedules the event for another attempt at `at` (ms since the epoch). While too many events wait, no new ones are
   * handed out; one that is `beyond` does not count, because it waits for newer events. A restart forgets that.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid time
   */
  retry(handed: Handed, next: RetryPlan): void
  /**
   * Parks the event with its error. One commit stores both and the writes.
   *
   * @throws TidingsError as `ack` does
   */
  park(handed: Handed, why: { readonly error: unknown }, writes?: Writes): void
  /** Iterates over the parked events, lowest seq first, from the one after `after`; default all. */
  parked(after?: number): AsyncIterable<Parked>
  /** Iterates over the events that wait for another attempt, lowest seq first, from the one after `after`; default all. */
  retrying(after?: number): AsyncIterable<Retrying>
  /** Hands a parked event out again, as attempt 1. Resolves to false when it is not parked. */
  release(seq: number): Promise<boolean>
  /** Removes a parked event for good. Resolves to false when it is not parked. */
  drop(seq: number): Promise<boolean>
  /**
   * Hands these events out again, as new replays, parked or not. `at`: when, in ms since the epoch; default now. One commit
   * stores this and `writes`.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, with `details` { seq, first }, for an event that the log does not have
   *   (any more); then none is redelivered
   */
  redeliver(seqs: Iterable<number>, options?: { readonly at?: number; readonly writes?: Writes }): Promise<void>
  /**
   * Resolves when all calls so far are durable.
   *
   * @throws TidingsError `TIDINGS_LOG_FAILED` when they are not: they are stored once the log has recovered
   */
  flush(): Promise<void>
  /** Resolves to its progress. */
  lag(): Promise<Lag>
}

/**
 * The right to do what only one of the agents on a log may do at a time. Where one process owns the log, it is never lost.
 *
 * ```
 *   Log.hold ──► waits while another agent has it ──► held ──► release()          the next one gets it
 *                                                      ├──► wanted aborts         finish, then release
 *                                                      └──► lost aborts           stop: another agent may have it
 * ```
 */
export interface Hold {
  /**
   * The log, for all that is written under the hold. Once the hold is lost or released, each write rejects with
   * `TIDINGS_LOG_CLOSED` and stores nothing: the log checks this in the transaction of the write. Absent where a hold can't
   * be lost: then it is the log itself.
   */
  readonly log?: Log
  /** Aborts when another agent may have it. */
  readonly lost: AbortSignal
  /** Aborts when another agent should have it: its work is to end, and then `release` to be called. */
  readonly wanted: AbortSignal
  /** Gives it back, so that another agent gets it at once. Calling it again, or after it was lost, does nothing. */
  release(): Promise<void>
}

/** The durable, ordered record of events, identities, cursors and runs: the only storage of jobs, dispatch, agent. */
export interface Log {
  /** Unique to this log. */
  readonly id: string
  /**
   * What an answer of `accept` survives: `disk`, a power loss; `process`, a crash of the process; `quorum`, the loss of a
   * server.
   */
  readonly durability: 'disk' | 'process' | 'quorum'
  /** Whether seqs follow each other without gaps. */
  readonly dense: boolean
  /** Whether several agents, on several machines, can have it open at once. */
  readonly shared: boolean
  /** The clock that dates the events. */
  readonly clock: Clock
  /** `failed`: a write failed, and the log accepts nothing until it has recovered. */
  readonly state: 'ready' | 'failed' | 'closed'
  /** What the log has counted since it was opened. */
  readonly meter: LogMeter
  /** Emits the highest durable seq whenever it rises: a hint to read on. Completes when the log is closed. */
  readonly committed$: Observable<number>
  /**
   * Decides about each draft in order: new, changed or duplicate. Resolves once the result is durable. An invalid
   * draft rejects the whole call before anything is stored.
   *
   * @throws TidingsError `TIDINGS_DATA_INVALID`, `TIDINGS_DATA_TOO_LARGE`, `TIDINGS_TYPE_INVALID`,
   *   `TIDINGS_IDENTIFIER_INVALID` (the draft), `TIDINGS_LOG_FAILED` (not acknowledged: retry), `TIDINGS_LOG_CLOSED`
   */
  accept(drafts: readonly Draft[], origin?: Origin): Promise<readonly Accepted[]>
  /**
   * Resolves to what `accept` would answer now, and stores nothing; rejects as `accept` does. Unlike `get`, it follows
   * the log's identity rule, and knows pruned events.
   */
  preview(drafts: readonly Draft[]): Promise<readonly Accepted['status'][]>
  /**
   * Iterates over the events that match, as they were when the iteration began.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the query), `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`
   */
  events(query?: Query): AsyncIterable<StoredEvent>
  /** Resolves to the latest revision of an event; undefined when it is unknown, forgotten or pruned. */
  get(type: string, identifier: string): Promise<StoredEvent | undefined>
  /**
   * Resolves to the seq that `accept` would answer for a duplicate of this identity, under the log's identity rule: also of
   * an event that was pruned. Resolves to undefined for an unknown or forgotten identity.
   */
  toldAs(type: string, identifier: string): Promise<number | undefined>
  /** Resolves to the event at a seq, with what is kept beside it; undefined without one, and when it was pruned. */
  stored(seq: number): Promise<Stored | undefined>
  /** Iterates over the types of the events in the log, in order of their names. Exact once `index` resolves to 0. */
  types(): AsyncIterable<TypeCount>
  /** Iterates over the events that this one is the cause of, oldest first. All of them once `index` resolves to 0. */
  causedBy(seq: number): AsyncIterable<StoredEvent>
  /** Indexes events of older versions for `types` and `causedBy`, at most 20 000. Resolves to how many are left. */
  index(): Promise<number>
  /** Resolves to the seq of the newest event; 0 when the log is empty. */
  last(): Promise<number>
  /** Forgets an identity, so it may be told again; the event stays. Resolves to false for an unknown identity. */
  forget(type: string, identifier: string): Promise<boolean>
  /**
   * Opens the durable side of a listener. A consumer of that name that is open hands over to the new one.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the name or the options), `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`
   */
  consumer(name: string, options: ConsumerOptions): Promise<Consumer>
  /** Resolves to how far an event is at a consumer, open or not; undefined for an unknown consumer. */
  place(consumer: string, seq: number): Promise<EventPlace | undefined>
  /** Iterates over all consumers that the log knows, open or not, in order of their names. */
  consumers(): AsyncIterable<ConsumerInfo>
  /**
   * Removes a consumer with its cursor, retries and parked events. An open consumer stops writing. Resolves to false
   * for an unknown name.
   */
  forgetConsumer(name: string): Promise<boolean>
  /**
   * Takes what only one of the agents on the log may have, by a name of 1 to 1024 bytes. Waits while another has it, and
   * while the log has failed. Resolves to undefined when the signal aborts; it asks at least once, also then.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` (the name), `TIDINGS_LOG_CLOSED`
   */
  hold(name: string, signal: AbortSignal): Promise<Hold | undefined>
  /** Returns the values of a namespace. */
  store(namespace: string): KeyValue
  /**
   * Claims a slot for `ttl` ms. Resolves to undefined when there is nothing to run.
   *
   * The log grants a slot that has no holder and is open or later than every settled slot. A slot is open from its
   * claim or plan until it is completed or settled: **a later slot that completes never settles an open one**, so
   * several slots of a job can run at once, and the log grants each again after a crash. An earlier slot that is not
   * open is settled, and never granted; neither is a slot with a recorded run that has ended, even after the job was
   * moved back.
   */
  claim(job: string, slot: Date, ttl: number, options?: ClaimOptions): Promise<Claim | undefined>
  /** Opens and settles slots of a job, in one commit. */
  plan(job: string, plan: SlotPlan): Promise<void>
  /** Resolves to the point up to which the slots of a job are settled, and the open slots without those `aside`. */
  slots(job: string): Promise<SlotsOfJob>
  /** Removes all slots of a job with their run records. Resolves to false when the job had no slots. */
  forgetSlots(job: string): Promise<boolean>
  /** Stores the outcome (JSON) of a slot that never ran. A second note for the same slot replaces the first. */
  note(job: string, slot: Date, outcome: unknown): Promise<void>
  /** The run records of a job, by slot and attempt: the newest hundred; older ones may be gone. */
  runs(
    job: string,
    options?: {
      /** At most this many records; default 100. */
      readonly limit?: number
      /** Newest first; default oldest first. */
      readonly reverse?: boolean
    },
  ): AsyncIterable<RunRecord>
  /** Writes what is pending and closes the log. Calling it again does nothing. */
  close(): Promise<void>
  /** Closes the log. */
  [Symbol.asyncDispose](): Promise<void>
}
