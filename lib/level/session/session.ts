import type { Clock } from '../../core/clock.ts'
import type { TidingsError } from '../../core/errors.ts'
import { keys } from '../format/keys.ts'
import { type EventRecord, encode, type Meta } from '../format/records.ts'
import { PageCache } from '../read/page-cache.ts'
import { MOST_TEXT, readConsecutive } from '../read/records.ts'
import { type Database, SYNCED } from '../store/database.ts'
import type { Commit, IndexedEvent, Op } from '../write/commit.ts'
import { Identities } from '../write/identities.ts'
import type { IdentityFilter } from '../write/identity-filter.ts'
import { States } from '../write/states.ts'
import { MeasuredSpans } from '../write/time-spans.ts'
import { Writer } from '../write/writer.ts'
import type { OpenedStore } from './open.ts'

/**
 * How many of the newest events stay in memory for followers: a few commits' worth, because a follower's events wait for a
 * note behind a commit. A follower further behind reads from the store, at three times the cost; but a longer tail
 * outlives the young generation of the heap, and costs more than it saves.
 */
const TAIL = 4096

/** The approximate size of the tail, in characters of records: one event may have 256 KiB. */
const TAIL_SIZE = 16 * 1024 * 1024

export interface SessionOptions {
  readonly clock: Clock
  /** A commit is durable when it is on disk; otherwise when LevelDB has it. */
  readonly synced: boolean
  /** Every write fails. */
  readonly readOnly: boolean
  readonly identityFilter: IdentityFilter
  /** Throws when another process may write to the store. */
  check(): void
  /** Called after each commit, with the highest durable seq, the events that it made durable, and how many ms it took. */
  onCommitted(seq: number, events: readonly EventRecord[], ms: number): void
  /** Called once, when a write fails. */
  onFailed(error: TidingsError): void
}

/** Everything that lives from one opening of the store to its closing. */
export class Session {
  readonly db: Database
  readonly writer: Writer
  readonly identities: Identities
  readonly states: States
  /** The times of blocks that queries measured. */
  readonly measured = new MeasuredSpans((each) => this.writer.enlist(each, false))
  /** The rule for what makes an identity. */
  readonly rule: Meta['identity']
  readonly readOnly: boolean
  #first: number
  readonly #tail: EventRecord[] = []
  readonly #pages = new PageCache(this)

  constructor(sound: OpenedStore, options: SessionOptions) {
    this.db = sound.db
    this.#first = sound.first
    this.rule = sound.meta.identity
    this.readOnly = options.readOnly
    this.states = new States(sound.db)
    this.writer = new Writer({
      db: sound.db,
      clock: options.clock,
      head: sound.head,
      synced: options.synced,
      first: sound.first,
      eventless: sound.eventless,
      index: sound.index,
      check: options.check,
      onCommitted: (commit) => {
        this.states.settle(commit.ops)
        this.#remember(commit)
        options.onCommitted(this.writer.durable, commit.events, options.clock.now() - commit.began)
      },
      onFailed: options.onFailed,
    })
    this.identities = new Identities(this, options.identityFilter)
  }

  /** The lowest seq whose body readers may expect. */
  get first(): number {
    return this.#first
  }

  /**
   * Raises `first`, and deletes the bodies below it with `ops`, in one commit with the head. Readers see the new `first`
   * at once, so that a missing body below it is not reported as damage. Resolves when the commit is durable.
   */
  prune(first: number, ops: readonly Op[], pruned: readonly IndexedEvent[]): Promise<void> {
    this.#first = first
    return this.writer.add({ ops, first, index: { pruned } })
  }

  #remember({ events, bytes }: Commit): void {
    for (const event of events) this.#tail.push(event)
    // As many as fit if all are as large as these.
    const most = Math.min(TAIL, Math.floor((TAIL_SIZE * events.length) / bytes) || TAIL)
    if (this.#tail.length > 1.5 * most) this.#tail.splice(0, this.#tail.length - most)
  }

  /**
   * Returns durable records after a seq, at most `max`: the newest from memory, older ones from the store. Fewer if they
   * are large; none only at the end of the log.
   */
  async read(place: number, max: number): Promise<readonly EventRecord[]> {
    const after = Math.max(place, this.#first - 1)
    const oldest = this.#tail[0]?.event.seq
    if (oldest !== undefined && after + 1 >= oldest)
      return this.#tail.slice(after + 1 - oldest, after + 1 - oldest + max)
    const page = await this.#pages.read(after, max)
    const left = Math.min(max, this.writer.durable - after)
    return page ?? (left <= 0 ? [] : readConsecutive(this.db, after, left, MOST_TEXT))
  }

  /** Writes the head once more, synced, which puts everything before it on disk too. */
  async sync(): Promise<void> {
    const head = encode(keys.head, this.writer.head(this.writer.durable))
    await this.db.batch().put(keys.head, head).write(SYNCED)
  }
}
