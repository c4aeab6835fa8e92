import { keys } from '../format/keys.ts'
import { decode, type EventRecord, encode, type TypeCount, type Unindexed } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { IndexChange, IndexedEvent, Op } from './commit.ts'

/** How many types are kept in memory; the others are looked up once for each commit that has them. */
const MOST_TYPES = 10_000

/** The count of a type while it changes. */
export type Counted = { -readonly [I in keyof TypeCount]: TypeCount[I] }

/**
 * Counts the events of each type, and notes which event an event has led to (decision 0066). The records are part of the
 * commit that adds or removes the events, so they agree with them.
 *
 * ```
 *   first              from            to                head
 *     │ indexed later    │  unindexed   │ indexed at once   │
 *     ├──────────────────┼──────────────┼───────────────────┤
 *     └─ pruned          └─→ `older`    └ stored by an older version, up to here
 * ```
 *
 * Invariants
 * - Everything is decided while a commit is built, and commits are built one after another. So a look-up in the store
 *   finds what the commit before has written, and no event is counted twice, whatever is pruned or indexed meanwhile.
 * - The head names the unindexed events. An older version of Tidings writes heads without them, and leaves the counts
 *   as they are: then everything is unindexed, and the first commit deletes the `stale` counts.
 */
export class EventIndex {
  readonly #db: Database
  readonly #counts = new Map<string, Counted>()
  #unindexed: Unindexed
  #stale: readonly string[]

  constructor(db: Database, { unindexed, stale }: IndexState) {
    this.#db = db
    this.#unindexed = unindexed
    this.#stale = stale
  }

  /** The events that are not indexed, once the commit that is being written is durable. */
  get unindexed(): Unindexed {
    return this.#unindexed
  }

  /** What the head says of the index: nothing before the stale counts are deleted. */
  get inHead(): readonly [] | readonly [Unindexed] {
    return this.#stale.length > 0 ? [] : [this.#unindexed]
  }

  /** Returns the writes of a commit with these events and changes. */
  collect(events: readonly EventRecord[], changes: readonly IndexChange[]): readonly Op[] {
    if (this.#counts.size > MOST_TYPES) this.#counts.clear()
    const ops: Op[] = this.#stale.map((key) => [key, undefined])
    const changed = new Map<string, Counted>()
    let last: Counted | undefined
    let type: string | undefined
    for (const { event } of events) {
      // Neighbours often have the same type: comparing them is faster than looking the type up.
      if (last === undefined || event.type !== type) last = this.#of((type = event.type), changed)
      add(last, event)
    }
    for (const { pruned = [], older = [] } of changes) {
      for (const event of pruned) {
        if (this.#has(event.seq)) this.#of(event.type, changed)[0] -= 1
        if (event.cause !== undefined) ops.push([keys.cause(event.cause, event.seq), undefined])
      }
      for (const event of older) {
        if (this.#has(event.seq)) continue
        add(this.#of(event.type, changed), event)
        ops.push(...causeRecord(event))
      }
      this.#upTo(pruned.at(-1)?.seq)
      this.#upTo(older.at(-1)?.seq)
    }
    this.#stale = []
    for (const [type, counted] of changed) {
      const key = keys.count(type)
      if (counted[0] <= 0) this.#counts.delete(type)
      ops.push([key, counted[0] > 0 ? encode(key, counted) : undefined])
    }
    return ops
  }

  #has(seq: number): boolean {
    return this.#unindexed === 0 || seq < this.#unindexed[0] || seq > this.#unindexed[1]
  }

  #upTo(seq: number | undefined): void {
    if (seq === undefined || this.#unindexed === 0 || seq < this.#unindexed[0]) return
    this.#unindexed = seq >= this.#unindexed[1] ? 0 : [seq + 1, this.#unindexed[1]]
  }

  #of(type: string, changed: Map<string, Counted>): Counted {
    const known = changed.get(type)
    if (known !== undefined) return known
    const counted = this.#counts.get(type) ?? this.#stored(type) ?? [0, 0, 0]
    this.#counts.set(type, counted)
    changed.set(type, counted)
    return counted
  }

  #stored(type: string): Counted | undefined {
    if (this.#stale.length > 0) return undefined
    const key = keys.count(type)
    return decode<Counted>(key, this.#db.getSync(key))
  }
}

/** The index as a store was opened with it. */
export interface IndexState {
  readonly unindexed: Unindexed
  /** The keys of counts that do not agree with the events. */
  readonly stale: readonly string[]
}

/** Returns the record that an event follows its cause; none without a cause. */
export function causeRecord({ cause, seq }: Pick<IndexedEvent, 'cause' | 'seq'>): readonly Op[] {
  if (cause === undefined) return []
  const key = keys.cause(cause, seq)
  return [[key, encode(key, 0)]]
}

/** Counts an event. */
export function countEvent(counts: Map<string, Counted>, event: Omit<IndexedEvent, 'cause'>): void {
  const counted = counts.get(event.type) ?? [0, 0, 0]
  counts.set(event.type, counted)
  add(counted, event)
}

function add(counted: Counted, { seq, created }: Pick<IndexedEvent, 'seq' | 'created'>): void {
  counted[0] += 1
  if (seq <= counted[1]) return
  counted[1] = seq
  counted[2] = created
}
