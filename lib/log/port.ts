import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import type { ErrorInfo } from '../core/error-info.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Claim, ClaimOptions, RunRecord, SlotPlan, SlotsOfJob } from './claim.ts'
import type { Origin, Writes } from './origin.ts'

export type { Origin, Recorded, Write, Writes } from './origin.ts'

/**
 * A question to the log. All parts given must hold.
 *
 * - `since`, `until`: when the event was accepted, both inclusive (a Date, or ms since the epoch)
 */
export interface Query {
  /** Names, or patterns where `*` stands for any characters. */
  readonly types?: readonly string[]
  readonly since?: Date | number
  readonly until?: Date | number
  /** Only events with a higher seq. */
  readonly after?: number
  /** At most this many; default all. */
  readonly limit?: number
  /** The newest first; default the oldest first. */
  readonly reverse?: boolean
  /** A test on the event. */
  readonly where?: (event: StoredEvent) => boolean
}

/**
 * Where a listener that was never seen before begins. A number is the seq of the first event it hears, at most 10 000
 * beyond the end of the log. A Date means the first event that was created then or later; if it is still to come, what is
 * created before is passed over.
 */
export type Start = 'now' | 'start' | Date | number

export interface ConsumerOptions {
  /** Where a consumer that the log has never seen begins. */
  readonly start: Start
  /**
   * One that the log knows goes on from `start` too: it passes over what lies between, or is told it again, as a
   * replay. What waits for its retry, or is parked, stays so.
   */
  readonly move?: boolean
  /** The event types it hears (names, or patterns with `*`); default all. */
  readonly types?: readonly string[]
  /** Take over the cursor, retries and parked events of the consumer of that name, if this one is new. */
  readonly formerly?: string
  /** Nothing newer is handed out while an older event waits for its retry. */
  readonly inOrder?: boolean
  /** Leaves no cursor behind; it is gone with the process. */
  readonly transient?: boolean
}

/**
 * One event, handed to one consumer. `attempt` counts starts of the handler: 1 at first. `replay` is there when a
 * person asked for the event to be told again, and counts how often that was asked of this consumer. `crashes` is there
 * when the event was in flight as the process died, and counts how often it died again over this event alone.
 */
export interface Handed {
  readonly event: StoredEvent
  readonly attempt: number
  readonly replay?: number
  readonly crashes?: number
}

/** An event that was set aside after its last attempt. `at` is when, in ms since the epoch. */
export interface Parked {
  readonly event: StoredEvent
  readonly attempts: number
  readonly at: number
  readonly error: ErrorInfo
}

/** An event that waits for its next attempt, due `at` (ms since the epoch). */
export interface Retrying {
  readonly event: StoredEvent
  readonly attempts: number
  readonly at: number
  readonly error?: ErrorInfo
}

/** How far a consumer is: events not handed out yet, being handled, waiting for another attempt, set aside. */
export interface Lag {
  readonly behind: number
  readonly running: number
  readonly retrying: number
  readonly parked: number
}

/** What the log knows of a consumer without opening it. `cursor` is the seq up to which everything is settled. */
export interface ConsumerInfo {
  readonly name: string
  readonly cursor: number
  readonly created: number
  readonly lag: Lag
}

/** The durable side of one listener. One pull at a time. */
export interface Consumer {
  readonly name: string
  /** Whether the log saw this consumer for the first time now, or under which older name it knew it. */
  readonly origin: 'new' | 'known' | 'renamed'
  /**
   * How many events were in flight when the process died, and were not handed out since. They come first: as long as
   * there are any, pull one at a time, and handle nothing else anywhere until it is settled.
   */
  readonly suspects: number
  /** Emits after events were handed out, passed over, settled or asked for again: `lag()` may have another answer. */
  readonly changes$: Observable<void>
  /** Waits for at least one event. Aborted: resolves to []; closed log: rejects; failed log: waits. */
  pull(max: number, signal: AbortSignal): Promise<readonly Handed[]>
  /** Handled. The writes are stored in one step with the cursor. */
  ack(handed: Handed, writes?: Writes): void
  /** To be handed out again at `at` (ms since the epoch), as attempt + 1. */
  retry(handed: Handed, next: { readonly at: number; readonly error?: unknown }): void
  /** Set aside, with its error. The writes are stored in one step with that. */
  park(handed: Handed, why: { readonly error: unknown }, writes?: Writes): void
  parked(): AsyncIterable<Parked>
  retrying(): AsyncIterable<Retrying>
  /** Takes a parked event back: it is handed out again, as attempt 1. False: it is not parked. */
  release(seq: number): Promise<boolean>
  /** Forgets a parked event for good. False: it is not parked. */
  drop(seq: number): Promise<boolean>
  /** Hands these events out once more, as new replays. */
  redeliver(seqs: Iterable<number>, options?: { readonly at?: number }): Promise<void>
  /** Resolves when everything said so far is durable. */
  flush(): Promise<void>
  lag(): Promise<Lag>
}

/** A value with the number of times it was set. */
export interface Entry<T = JsonValue> {
  readonly value: T
  readonly revision: number
}

/** Small values by key, each with a revision, so that two writers can notice each other. */
export interface KeyValue {
  get<T = JsonValue>(key: string): Promise<Entry<T> | undefined>
  /**
   * Stores JSON and resolves to the new revision.
   *
   * @throws TidingsError `TIDINGS_STATE_CONFLICT` when `if` is not the present revision (0: there is none)
   */
  set(key: string, value: unknown, options?: { readonly if?: number }): Promise<number>
  /** False: there was nothing. */
  delete(key: string): Promise<boolean>
  list<T = JsonValue>(prefix?: string): AsyncIterable<Entry<T> & { readonly key: string }>
}

/** The durable, ordered record of events, identities, cursors and runs: all that jobs, dispatch and agent may use. */
export interface Log {
  /** Unlike that of any other log. */
  readonly id: string
  readonly durability: 'disk' | 'process' | 'quorum'
  /** Whether seq leaves no gaps. */
  readonly dense: boolean
  /** Whose time dates the events. */
  readonly clock: Clock
  /** `failed`: a write failed, and the log takes nothing until it is well again. */
  readonly state: 'ready' | 'failed' | 'closed'
  /** The highest durable seq, each time it rises: a hint to look again. Completes when the log is closed. */
  readonly committed$: Observable<number>
  /**
   * Decides about each draft in order: new, changed or duplicate. Resolves once that is durable. An invalid draft
   * refuses the call before anything is stored.
   *
   * @throws TidingsError `TIDINGS_DATA_INVALID`, `TIDINGS_DATA_TOO_LARGE`, `TIDINGS_TYPE_INVALID`,
   *   `TIDINGS_IDENTIFIER_INVALID` (the draft), `TIDINGS_LOG_FAILED` (not acknowledged: ask again), `TIDINGS_LOG_CLOSED`
   */
  accept(drafts: readonly Draft[], origin?: Origin): Promise<readonly Accepted[]>
  /** The events as they were when the iteration began. */
  events(query?: Query): AsyncIterable<StoredEvent>
  /** The latest revision. */
  get(type: string, identifier: string): Promise<StoredEvent | undefined>
  /** The seq of the newest event; 0 when there is none. */
  last(): Promise<number>
  /** The identity may be told again; the event stays. False: it was not known. */
  forget(type: string, identifier: string): Promise<boolean>
  consumer(name: string, options: ConsumerOptions): Promise<Consumer>
  consumers(): AsyncIterable<ConsumerInfo>
  /**
   * Forgets a consumer: its cursor, what waits for a retry, what is parked. One that is open writes nothing any more.
   * False: the log knows none of that name.
   */
  forgetConsumer(name: string): Promise<boolean>
  store(namespace: string): KeyValue
  /**
   * Claims a slot for `ttl` ms. Undefined: there is nothing to run.
   *
   * A slot is given if nobody has it, and it is open or later than every slot that is settled. It is open from when it
   * was claimed, or planned, until it is completed or settled: **a later slot that completes never settles an open
   * one**, so several slots of a job can be under way at once, and each is given again after a crash. An earlier slot
   * that is not open is settled, and never given; nor is one for which the log remembers a run that has ended, whatever
   * was moved back meanwhile.
   */
  claim(job: string, slot: Date, ttl: number, options?: ClaimOptions): Promise<Claim | undefined>
  /** Decides about slots of a job, in one step. */
  plan(job: string, plan: SlotPlan): Promise<void>
  /** Up to where the slots of a job are settled, and which are open, those `aside` left out. */
  slots(job: string): Promise<SlotsOfJob>
  /** Forgets all slots of a job, and what became of them. False: there was nothing. */
  forgetSlots(job: string): Promise<boolean>
  /** Remembers what became of a slot that nobody ran (JSON). Said again of the same slot, it takes the place of before. */
  note(job: string, slot: Date, outcome: unknown): Promise<void>
  /** What became of the slots of a job, by slot and attempt: the newest hundred, older ones may be gone. */
  runs(job: string, options?: { readonly limit?: number; readonly reverse?: boolean }): AsyncIterable<RunRecord>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
