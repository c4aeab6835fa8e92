import type { EventRecord } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import { SegmentWriter } from './segment-writer.ts'

/**
 * One write of a batch; without a value, it deletes the key. `order` is set where both a queued addition and a
 * participant, which overtakes the queue, can write the same key: the write with the higher order stays.
 */
export type Op = readonly [key: string, value: string | undefined, order?: number]

/** A component whose writes wait for the next commit: a consumer with its acks. */
export interface CommitParticipant {
  /** Returns the writes for the commit that is being built. */
  collect(): readonly Op[]
  /** The collected writes are durable (true), or must be collected again (false). */
  settled(durable: boolean): void
}

/** The facts about an event that the index needs. */
export interface IndexedEvent {
  readonly seq: number
  readonly type: string
  readonly created: number
  readonly cause?: number | undefined
}

/** What a commit changes besides its new events. */
export interface IndexChange {
  /** The events whose bodies it removes, the oldest of the log. */
  readonly pruned?: readonly IndexedEvent[]
  /** The oldest events that are not indexed yet, in order. */
  readonly older?: readonly IndexedEvent[]
}

/** What one call adds to a commit. */
export interface Addition {
  /** The writes beside the new events and the index of their types. */
  readonly ops?: readonly Op[]
  /** New events, in order of seq. */
  readonly events?: readonly EventRecord[]
  /** The texts of their records, in the same order. */
  readonly texts?: readonly string[]
  /** Their size, in characters. */
  readonly bytes?: number
  /** The lowest seq whose body is kept from this commit on, if that rises. */
  readonly first?: number
  /** What else it changes in the index of events. */
  readonly index?: IndexChange
}

type Batch = ReturnType<Database['batch']>

/** A commit that is queued or being written: one atomic batch, and one promise for all its publishers. */
export class Commit {
  /** Takes each write at once: text that waits in JavaScript would outlive the young generation of the heap. */
  readonly #batch: Batch
  /** The writes that a participant may overtake. They are decided when the commit is written. */
  readonly ops: Op[] = []
  readonly events: EventRecord[] = []
  readonly #segments = new SegmentWriter((key, text) => this.put([key, text]))
  readonly index: IndexChange[] = []
  /** The size of the events, in characters of their records. */
  bytes = 0
  /** The size of all writes on disk, at least: in characters of keys and records. */
  written = 0
  /** The lowest seq whose body is kept from this commit on; 0: unchanged. */
  first = 0
  participants: readonly CommitParticipant[] = []
  /** When its write began, in ms since the epoch. */
  began = 0
  /** The highest seq in the commit, or before it. */
  last = 0
  readonly durable: Promise<void>
  resolve: () => void = () => undefined
  reject: (error: Error) => void = () => undefined

  constructor(db: Database) {
    this.#batch = db.batch()
    this.durable = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Publishers handle a failure; a commit without publishers must not raise `unhandledRejection`.
    this.durable.catch(() => undefined)
  }

  add(op: Op): void {
    if (op[2] === undefined) this.put(op)
    else this.ops.push(op)
  }

  addEvent(record: EventRecord, text: string): void {
    this.events.push(record)
    this.#segments.add(record.event.seq, record.event.type, text)
  }

  /** All events are added: takes their last segment too. */
  endEvents(): void {
    this.#segments.end()
  }

  put([key, value]: Op): void {
    this.written += key.length + (value?.length ?? 0)
    if (value === undefined) this.#batch.del(key)
    else this.#batch.put(key, value)
  }

  write(options: { readonly sync?: boolean }): Promise<void> {
    return this.#batch.write(options)
  }
}
