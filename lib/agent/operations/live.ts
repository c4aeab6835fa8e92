import type { Subscription } from 'rxjs'
import type { CancelTimer } from '../../core/clock.ts'
import type { StoredEvent } from '../../core/event.ts'
import { Mutex } from '../../core/mutex.ts'
import { OTHER_TYPES } from '../../log/log-meter.ts'
import type { Log } from '../../log/port.ts'
import { typeTest } from '../../log/type-names.ts'
import type { AgentControl } from '../run/agent-control.ts'

/** What has happened since the batch before. */
export interface LiveBatch {
  /** The seq of the newest event of the log. */
  readonly seq: number
  /** How many events were accepted. With `resync`: how many of them are in `newest`. */
  readonly n: number
  /** How many of them have each type. The log counts a hundred types one by one, and the rest as `other`. */
  readonly byType: Readonly<Record<string, number>>
  /** The newest of them, at most 50, the newest last. */
  readonly newest: readonly StoredEvent[]
  /** The names of jobs whose state may have changed. */
  readonly jobs: readonly string[]
  /** The names of listeners whose state may have changed. */
  readonly listeners: readonly string[]
  /** Set after a gap: anything may have changed, so read again what you show. */
  readonly resync?: true
}

/** What to tell of. */
export interface LiveQuestion {
  /** Only events of these types, names or patterns with `*`; default all. */
  readonly types?: readonly string[]
  /** The seq of the last batch before the connection broke: the answer begins with a batch to resync. */
  readonly after?: number
}

/** How often a batch is made while someone watches, in ms. */
const EVERY = 250

/** The most events in a batch. */
const MOST = 50

/** The most events that are read to count them, where no counter knows them. */
const MOST_COUNTED = 1000

/**
 * What happens on a log, in batches. All viewers share one reader, which rests without viewers. Its cost does not
 * depend on the number of events: it compares the counters of the log, and reads the newest 50.
 *
 * ```
 *   counters ─┐
 *   newest 50 ├─ every 250 ms ─▶ batch ─▶ viewer: merged with what it has not taken yet ─▶ its connection
 *   changes ──┘                      └──▶ viewer …
 * ```
 *
 * A log in PostgreSQL is also written by other processes: there, the newest 1000 events of a batch are counted.
 *
 * A slow viewer gets fewer and larger batches. What waits for it has at most 50 events, and the names of types and parts.
 */
export class LiveFeed {
  readonly #log: Log
  readonly #agent: AgentControl | undefined
  readonly #viewers = new Set<Viewer>()
  readonly #turns = new Mutex()
  #watching: Subscription | undefined
  #cancel: CancelTimer = () => undefined
  /** What the last batch told: the newest seq, and the number of events of each type. */
  #seq = 0
  #counted: ReadonlyMap<string, number> = new Map()
  /** The parts that have changed since. */
  readonly #jobs = new Set<string>()
  readonly #listeners = new Set<string>()

  constructor(log: Log, agent?: AgentControl) {
    this.#log = log
    this.#agent = agent
  }

  /**
   * Batches as long as something happens, until the signal aborts or the log is closed. The first one comes at once.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` for invalid types
   */
  watch({ types, after }: LiveQuestion, signal: AbortSignal): AsyncIterable<LiveBatch> {
    return this.#watch(new Viewer(types, typeTest(types)), after, signal)
  }

  async *#watch(viewer: Viewer, after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveBatch> {
    const end = (): void => viewer.end()
    signal.addEventListener('abort', end, { once: true })
    try {
      if (signal.aborted) return
      await this.#join(viewer)
      yield after === undefined ? nothing(this.#seq) : await this.#resync(viewer, after)
      for (let batch = await viewer.next(); batch !== undefined; batch = await viewer.next()) yield batch
    } finally {
      signal.removeEventListener('abort', end)
      this.#leave(viewer)
    }
  }

  async #resync({ types }: Viewer, after: number): Promise<LiveBatch> {
    const newest = await this.#newest(after, this.#seq, types)
    return { ...nothing(this.#seq), ...countsOf(newest), newest, resync: true }
  }

  // The others get what has come so far: the new viewer begins after that.
  #join(viewer: Viewer): Promise<void> {
    return this.#turns.runExclusive(async () => {
      await this.#advance()
      if (viewer.ended) return
      this.#viewers.add(viewer)
      if (this.#watching !== undefined) return
      this.#watching = this.#log.committed$.subscribe({ complete: () => this.#viewers.forEach((each) => each.end()) })
      this.#watching.add(
        this.#agent?.changes$.subscribe(({ kind, name }) => (kind === 'job' ? this.#jobs : this.#listeners).add(name)),
      )
      this.#soon()
    })
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0) return
    this.#cancel()
    this.#watching?.unsubscribe()
    this.#watching = undefined
    this.#jobs.clear()
    this.#listeners.clear()
  }

  #soon(): void {
    this.#cancel()
    this.#cancel = this.#log.clock.timer(() => {
      void this.#turns
        .runExclusive(() => this.#advance())
        // A log that has failed tells nothing; it tells all once it has recovered.
        .catch(() => undefined)
        .then(() => {
          if (this.#viewers.size > 0) this.#soon()
        })
    }, EVERY)
  }

  async #advance(): Promise<void> {
    // Both at once: an event must not be counted in this batch and read in the next.
    const last = this.#log.last()
    const counted = new Map(Array.from(this.#log.meter.types, ([type, { events }]) => [type, events]))
    const seq = await last
    const [after, before] = [this.#seq, this.#counted]
    const byType = this.#log.dense ? grown(before, counted) : await this.#count(after, seq)
    const newest = new Map<string, readonly StoredEvent[]>()
    for (const viewer of this.#viewers)
      if (!newest.has(viewer.key) && viewer.hears(byType))
        newest.set(viewer.key, await this.#newest(after, seq, viewer.types))
    // No await from here on: all are told, or none, and what changes now is in the next batch.
    const parts = { jobs: [...this.#jobs].sort(), listeners: [...this.#listeners].sort() }
    for (const viewer of this.#viewers)
      viewer.add({ seq, ...viewer.counts(byType, newest.get(viewer.key) ?? []), ...parts })
    this.#seq = seq
    this.#counted = counted
    this.#jobs.clear()
    this.#listeners.clear()
  }

  // A log without gaps has one writer, whose counters know all events. Another one is also written elsewhere.
  async #count(after: number, seq: number): Promise<ReadonlyMap<string, number>> {
    const byType = new Map<string, number>()
    if (seq <= after || this.#viewers.size === 0) return byType
    for await (const event of this.#log.events({ after, limit: MOST_COUNTED, reverse: true }))
      if (event.seq <= seq) byType.set(event.type, (byType.get(event.type) ?? 0) + 1)
    return byType
  }

  async #newest(after: number, seq: number, types: readonly string[] | undefined): Promise<readonly StoredEvent[]> {
    const newest: StoredEvent[] = []
    if (seq <= after) return newest
    const query = { after, limit: MOST, reverse: true, ...(types === undefined ? {} : { types }) }
    for await (const event of this.#log.events(query)) if (event.seq <= seq) newest.push(event)
    return newest.reverse()
  }
}

function grown(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const byType = new Map<string, number>()
  for (const [type, count] of now) {
    const more = count - (before.get(type) ?? 0)
    if (more > 0) byType.set(type, more)
  }
  return byType
}

function nothing(seq: number): LiveBatch {
  return { seq, n: 0, byType: {}, newest: [], jobs: [], listeners: [] }
}

function countsOf(events: readonly StoredEvent[]): Pick<LiveBatch, 'n' | 'byType'> {
  const byType = new Map<string, number>()
  for (const { type } of events) byType.set(type, (byType.get(type) ?? 0) + 1)
  return { n: events.length, byType: Object.fromEntries(byType) }
}

/** One who watches, and what it has not taken yet. */
class Viewer {
  readonly types: readonly string[] | undefined
  /** The same for all who watch the same types. */
  readonly key: string
  readonly #isHeard: (type: string) => boolean
  #waiting: LiveBatch | undefined
  #wake: () => void = () => undefined
  ended = false

  constructor(types: readonly string[] | undefined, isHeard: (type: string) => boolean) {
    this.types = types
    this.key = JSON.stringify(types ?? null)
    this.#isHeard = isHeard
  }

  /** Whether some of these events may concern it. */
  hears(byType: ReadonlyMap<string, number>): boolean {
    return byType.has(OTHER_TYPES) || [...byType.keys()].some(this.#isHeard)
  }

  /** What these events mean to it. Those of types that are not counted one by one must be in `newest`. */
  counts(
    byType: ReadonlyMap<string, number>,
    newest: readonly StoredEvent[],
  ): Pick<LiveBatch, 'n' | 'byType' | 'newest'> {
    const isCounted = this.types === undefined ? () => true : this.#isHeard
    const counts = new Map([...byType].filter(([type]) => isCounted(type)))
    if (this.types !== undefined)
      for (const { type } of newest) if (!byType.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1)
    let n = 0
    for (const count of counts.values()) n += count
    return { n, byType: Object.fromEntries(counts), newest }
  }

  add(batch: LiveBatch): void {
    if (batch.n + batch.jobs.length + batch.listeners.length === 0) return
    this.#waiting = this.#waiting === undefined ? batch : merged(this.#waiting, batch)
    this.#wake()
  }

  end(): void {
    this.ended = true
    this.#wake()
  }

  /** Undefined: it has ended. */
  async next(): Promise<LiveBatch | undefined> {
    if (this.#waiting === undefined && !this.ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    const batch = this.ended ? undefined : this.#waiting
    this.#waiting = undefined
    return batch
  }
}

function merged(a: LiveBatch, b: LiveBatch): LiveBatch {
  const byType = new Map(Object.entries(a.byType))
  for (const [type, count] of Object.entries(b.byType)) byType.set(type, (byType.get(type) ?? 0) + count)
  return {
    seq: b.seq,
    n: a.n + b.n,
    byType: Object.fromEntries(byType),
    newest: [...a.newest, ...b.newest].slice(-MOST),
    jobs: union(a.jobs, b.jobs),
    listeners: union(a.listeners, b.listeners),
  }
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort()
}
