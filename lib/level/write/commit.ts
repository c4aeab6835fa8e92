import { keys } from '../format/keys.ts'
import type { EventRecord } from '../format/records.ts'
import { joinRecords, latestEnd, MOST_SEGMENT_TEXT } from '../format/segments.ts'
import type { Database } from '../store/database.ts'

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
  #segment: OpenSegment | undefined
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
    const { seq, type } = record.event
    this.events.push(record)
    const open = this.#segment
    if (open === undefined || seq > open.end || open.size + text.length > MOST_SEGMENT_TEXT) {
      this.endSegment()
      this.#segment = { start: seq, end: latestEnd(seq), texts: [text], size: text.length, types: [type] }
      return
    }
    open.texts.push(text)
    open.size += text.length
    if (open.types.at(-1) !== type && !open.types.includes(type)) open.types.push(type)
  }

  /** Takes the last segment too. Call it after the last event. */
  endSegment(): void {
    if (this.#segment === undefined) return
    const { start, texts, types } = this.#segment
    this.#segment = undefined
    this.put([keys.event(start), joinRecords(texts)])
    for (const type of types) this.put([keys.type(type, start), ''])
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

/** A segment that takes more events. */
interface OpenSegment {
  readonly start: number
  /** The highest seq that it can have. */
  readonly end: number
  readonly texts: string[]
  /** The size of the texts, in characters. */
  size: number
  readonly types: string[]
}
