import type { StoredEvent } from '../../core/event.ts'
import type { JsonValue } from '../../core/json.ts'
import type { ConsumerRecords, CursorRecord, EventKind } from '../consumer/consumer-store.ts'
import type { Slots } from '../slots.ts'

/*
 * A log as records that any store can hold, and tell: the way from one store to another (decision 0078). What a store
 * derives from them, such as its indexes, is left out.
 */

/** The facts about a whole log. */
export interface LogFacts {
  /** The id of the log, a UUID. A copy keeps it: the keys of deliveries contain it. */
  readonly id: string
  /** The rule for what makes an identity. */
  readonly identity: 'type' | 'identifier'
  /** The lowest seq whose event is kept; one more than `last` without any. */
  readonly first: number
  /** The highest seq; 0 for an empty log. */
  readonly last: number
  /** When the log was made, in ms since the epoch; absent: the store does not know. */
  readonly created?: number
  /**
   * The age of pruned events, which is that of their identities: up to each seq, all events were accepted before the end
   * of an hour, in hours since the epoch. Absent: the store does not know.
   */
  readonly hours?: readonly (readonly [hour: number, seq: number])[]
}

/** An event, whether listeners hear it, and the run that published it. */
export interface PortableEvent {
  readonly event: StoredEvent
  readonly told: boolean
  readonly run?: string
}

/** The latest event of an identity. It outlives that event. */
export interface PortableIdentity {
  /** Empty where the identifier alone is the identity. */
  readonly type: string
  readonly identifier: string
  /** 0: forgotten. A store need not keep those whose events are pruned. */
  readonly seq: number
  readonly version?: string
  readonly revision?: number
  /** Where the latest event is untold: the seq last told (0: none), and its version. */
  readonly told?: number
  readonly toldVersion?: string
}

/** A value of the state. */
export interface PortableState {
  readonly namespace: string
  readonly key: string
  readonly value: JsonValue
  readonly revision: number
}

/** How far a consumer is, and what it had in flight when its agent died. */
export interface PortableConsumer {
  readonly name: string
  readonly cursor: CursorRecord
  readonly inFlight?: readonly number[]
}

/** A retry, a parked event or the crashes of a consumer. */
export interface PortableMark {
  readonly name: string
  readonly kind: EventKind
  readonly seq: number
  readonly record: ConsumerRecords[EventKind]
}

/** The slots of a job. */
export interface PortableSlots {
  readonly job: string
  readonly slots: Slots
}

/** One attempt at a slot; without an outcome, it died. */
export interface PortableRun {
  readonly job: string
  readonly slot: number
  readonly attempt: number
  readonly outcome?: JsonValue
}

/** The records of a log, by kind. */
export interface PortableRecords {
  readonly event: PortableEvent
  readonly identity: PortableIdentity
  readonly state: PortableState
  readonly consumer: PortableConsumer
  readonly mark: PortableMark
  readonly slots: PortableSlots
  readonly run: PortableRun
}

/** A kind of record. */
export type PortableKind = keyof PortableRecords

/** All kinds, in the order in which they are copied. */
export const portableKinds = ['event', 'identity', 'state', 'consumer', 'mark', 'slots', 'run'] as const

/** A log that is read as it was at one moment. */
export interface PortableSource {
  readonly facts: LogFacts
  /** Yields all records of a kind, in pages; events in order of their seq, others in any order. */
  records<K extends PortableKind>(kind: K): AsyncIterable<readonly PortableRecords[K][]>
}

/** A log that is being made. It can't be opened before it is complete. */
export interface PortableTarget {
  /** Stores records, events in order of their seq. */
  put<K extends PortableKind>(kind: K, records: readonly PortableRecords[K][]): Promise<void>
  /** Reads what is stored so far. */
  records<K extends PortableKind>(kind: K): AsyncIterable<readonly PortableRecords[K][]>
}

/** Fills a target. Only if it resolves does the target become a log. */
export type Fill<T> = (target: PortableTarget) => Promise<T>
