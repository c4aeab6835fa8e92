import { firstValueFrom, merge, type Observable, Subject } from 'rxjs'
import { abort$, at$ } from '../core/clock.ts'
import { errorInfo } from '../core/error-info.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { keys } from './level-keys.ts'
import type { Life } from './level-life.ts'
import { readRecord } from './level-reader.ts'
import { type Cursor, decode, type EventRecord, encode, type ParkedRecord, type RetryRecord } from './level-records.ts'
import { Retries, type Waiting } from './level-retries.ts'
import type { States } from './level-states.ts'
import { type Deaths, Suspects } from './level-suspects.ts'
import type { Op, Rider } from './level-writer.ts'
import type { Consumer, ConsumerOptions, Handed, Lag, Parked, Retrying, Write, Writes } from './port.ts'
import { typeTest } from './query.ts'

/**
 * At most this many events of one consumer wait for another attempt; beyond, nothing new is handed out. What waits is
 * on disk, but that it waits is known in memory.
 */
const MOST_WAITING = 10_000

/** How many records are looked at in one go: a consumer that hears rare types skips this many at a time. */
const LOOK_AHEAD = 500

/** What the store knows of a consumer when it is opened. */
export interface Opened {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly cursor: Cursor
  readonly waiting: readonly Waiting[]
  readonly parked: readonly number[]
  readonly suspects: Deaths
}

/** A consumer of a log in LevelDB. Its memory is bounded: events rest on disk, here are only their seqs. */
export class LevelConsumer implements Consumer, Rider {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly #life: Life
  readonly #options: ConsumerOptions
  readonly #hears: (type: string) => boolean
  /** Being handled for the first time: until the lowest of them is settled, the cursor stays before it. */
  readonly #fresh = new Set<number>()
  /** Being handled again: a record in the store remembers them, so the cursor may pass. */
  readonly #again = new Set<number>()
  readonly #retries: Retries
  readonly #parked: Set<number>
  /** Asked for once more while it is handled: it waits in the store already, and is handed out after that. */
  readonly #asked = new Map<number, RetryRecord>()
  /** After the cursor, yet with a record in the store when this consumer was opened: that is how it is handed out. */
  readonly #recorded: Set<number>
  readonly #suspects: Suspects
  readonly #wake$ = new Subject<void>()
  #cursor: Cursor
  #position: number
  // What the next commit has to write, and what the present one is writing, by key.
  #changes = new Map<string, Op>()
  #writing = new Map<string, Op>()
  readonly #unwritten: Write[] = []

  constructor(life: Life, opened: Opened, options: ConsumerOptions) {
    this.#life = life
    this.#options = options
    this.name = opened.name
    this.origin = opened.origin
    this.#cursor = opened.cursor
    this.#position = opened.cursor.cursor
    this.#hears = typeTest(options.types)
    this.#parked = new Set(opened.parked)
    this.#retries = new Retries(options.inOrder === true)
    for (const waiting of opened.waiting) this.#retries.add(waiting)
    const recorded = [...opened.waiting.map(({ seq }) => seq), ...opened.parked]
    this.#recorded = new Set(recorded.filter((seq) => seq > this.#position))
    this.#suspects = new Suspects(this.name, opened.suspects)
    for (const seq of opened.suspects.keys()) this.#suspect(seq)
  }

  // One that was handed out for the first time gets a record: it is handed out before its turn.
  #suspect(seq: number): void {
    if (this.#retries.has(seq)) return
    this.#wait(seq, { attempts: 0, at: this.#life.clock.now() })
    this.#recorded.add(seq)
    this.#ride(true)
  }

  get suspects(): number {
    return this.#suspects.waiting
  }

  async pull(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    if (!(max >= 1))
      throw new TidingsError('TIDINGS_LOG_INVALID', `a pull is for at least one event, got ${describe(max)}`)
    while (!signal.aborted) {
      if (this.#life.ready) {
        const handed = await this.#take(max, signal)
        if (handed.length > 0 || signal.aborted) return handed
        if (this.#mayReadOn() && this.#position < this.#life.session.writer.durable) continue
      }
      // While the store is closed nothing can be handed out, however long it is due.
      const due = this.#life.ready ? this.#retries.nextAt : undefined
      const alarms: Observable<unknown>[] = [this.#life.changes$, this.#wake$, abort$(signal)]
      if (due !== undefined) alarms.push(at$(this.#life.clock, due))
      await firstValueFrom(merge(...alarms))
    }
    return []
  }

  // Reads first and changes what it remembers after, in one go: whatever happens at an await leaves no trace.
  async #take(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    const { session } = this.#life
    try {
      const due = this.#retries.due(this.#life.clock.now(), max)
      const again = await Promise.all(due.map(async (waiting) => ({ waiting, event: await this.#event(waiting.seq) })))
      const room = this.#mayReadOn() ? max - due.length : 0
      const records = room > 0 ? await session.read(this.#position, Math.max(room, LOOK_AHEAD)) : []
      if (signal.aborted) return []
      const handed = [...this.#handAgain(again), ...this.#handFresh(records, room)]
      await this.#note(handed)
      return await this.#accuse(handed)
    } catch (error) {
      // A store that is closed in mid-read, after a failed write, is opened again; a closed log ends the wait.
      if (this.#life.ready && this.#life.session === session) throw error
      return []
    }
  }

  // A death that nobody will hear of is recorded before the event is handed out.
  async #accuse(handed: readonly Handed[]): Promise<readonly Handed[]> {
    const suspects = handed.filter(({ event }) => this.#suspects.has(event.seq))
    if (suspects.length === 0) return handed
    const crashes = new Map(suspects.map(({ event }) => [event.seq, this.#suspects.deaths(event.seq)]))
    for (const { event } of suspects) {
      const [key, value] = this.#suspects.accuse(event.seq)
      this.#change(key, value)
    }
    await this.flush()
    return handed.map((each) => {
      const deaths = crashes.get(each.event.seq)
      return deaths === undefined ? each : { ...each, crashes: deaths }
    })
  }

  // What is in flight is written down before it is handed out. The death of the process loses nothing that LevelDB
  // has, so this need not wait for the disk.
  async #note(handed: readonly Handed[]): Promise<void> {
    if (handed.length === 0 || this.#options.transient === true) return
    const key = keys.flight(this.name)
    await this.#life.session.writer.note([key, encode(key, [...this.#fresh, ...this.#again])])
  }

  /** The log is closed in good order: nobody is suspected of anything. */
  closing(): void {
    this.#change(keys.flight(this.name), undefined)
    this.#ride(true)
  }

  #handAgain(found: readonly { waiting: Waiting; event: StoredEvent | undefined }[]): Handed[] {
    const handed: Handed[] = []
    for (const { waiting, event } of found) {
      if (!this.#retries.remove(waiting.seq)) continue
      this.#again.add(waiting.seq)
      const { attempts, replay } = waiting
      if (event === undefined)
        this.#settle(waiting.seq) // pruned: nothing is left to hand out
      else handed.push({ event, attempt: attempts + 1, ...(replay === undefined ? {} : { replay }) })
    }
    return handed
  }

  #handFresh(records: readonly EventRecord[], room: number): Handed[] {
    const handed: Handed[] = []
    for (const { event, told } of records) {
      if (handed.length === room) break
      this.#position = event.seq
      if (!told || !this.#hears(event.type) || this.#recorded.delete(event.seq)) continue
      this.#fresh.add(event.seq)
      handed.push({ event, attempt: 1 })
    }
    if (handed.length === 0 && records.length > 0) this.#ride(false)
    return handed
  }

  #mayReadOn(): boolean {
    return this.#retries.size < (this.#options.inOrder === true ? 1 : MOST_WAITING)
  }

  ack(handed: Handed, writes: Writes = []): void {
    if (!this.#isRunning(handed.event.seq)) return
    this.#writeState(writes)
    this.#settle(handed.event.seq)
  }

  retry(handed: Handed, next: { readonly at: number; readonly error?: unknown }): void {
    const { seq } = handed.event
    if (!this.#isRunning(seq)) return
    const error = next.error === undefined ? {} : { error: errorInfo(next.error) }
    const replay = handed.replay === undefined ? {} : { replay: handed.replay }
    this.#forget(seq)
    // A replay that somebody asked for meanwhile takes its place.
    if (!this.#retries.has(seq)) this.#wait(seq, { attempts: handed.attempt, at: next.at, ...error, ...replay })
  }

  park(handed: Handed, why: { readonly error: unknown }): void {
    const { seq } = handed.event
    if (!this.#isRunning(seq)) return
    if (this.#asked.has(seq)) return this.#forget(seq)
    const key = keys.parked(this.name, seq)
    const record: ParkedRecord = {
      attempts: handed.attempt,
      at: this.#life.clock.now(),
      error: errorInfo(why.error),
      ...(handed.replay === undefined ? {} : { replay: handed.replay }),
    }
    this.#parked.add(seq)
    this.#change(key, encode(key, record))
    this.#settle(seq)
  }

  async *parked(): AsyncGenerator<Parked> {
    for (const seq of [...this.#parked].sort((a, b) => a - b)) {
      const record = this.#read<ParkedRecord>(keys.parked(this.name, seq))
      const event = await this.#event(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  async *retrying(): AsyncGenerator<Retrying> {
    for (const seq of this.#retries.seqs()) {
      const record = this.#read<RetryRecord>(keys.retry(this.name, seq))
      const event = await this.#event(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  async release(seq: number): Promise<boolean> {
    if (!this.#parked.has(seq)) return false
    const record = this.#read<ParkedRecord>(keys.parked(this.name, seq))
    this.#parked.delete(seq)
    this.#change(keys.parked(this.name, seq), undefined)
    const replay = record?.replay === undefined ? {} : { replay: record.replay }
    this.#wait(seq, { attempts: 0, at: this.#life.clock.now(), ...replay })
    this.#wake$.next()
    await this.flush()
    return true
  }

  async drop(seq: number): Promise<boolean> {
    if (!this.#parked.delete(seq)) return false
    this.#change(keys.parked(this.name, seq), undefined)
    await this.flush()
    return true
  }

  async redeliver(seqs: Iterable<number>, options: { readonly at?: number } = {}): Promise<void> {
    const replay = (this.#cursor.replays ?? 0) + 1
    const at = options.at ?? this.#life.clock.now()
    this.#cursor = { ...this.#cursor, replays: replay }
    this.#writeCursor()
    for (const seq of seqs) {
      if (this.#parked.delete(seq)) this.#change(keys.parked(this.name, seq), undefined)
      this.#wait(seq, { attempts: 0, at, replay })
    }
    this.#wake$.next()
    await this.flush()
  }

  async flush(): Promise<void> {
    this.#ride(true)
    await this.#life.session.writer.flush()
  }

  async lag(): Promise<Lag> {
    return {
      behind: Math.max(0, this.#life.session.writer.durable - this.#position),
      running: this.#fresh.size + this.#again.size,
      retrying: this.#retries.size,
      parked: this.#parked.size,
    }
  }

  collect(): readonly Op[] {
    const { value: first } = this.#fresh.values().next()
    const settled = first === undefined ? this.#position : first - 1
    if (settled !== this.#cursor.cursor) {
      this.#cursor = { ...this.#cursor, cursor: settled }
      this.#writeCursor()
    }
    this.#writing = this.#changes
    this.#changes = new Map()
    return [...this.#writing.values()]
  }

  settled(durable: boolean): void {
    const written = this.#writing
    this.#writing = new Map()
    // What a failed commit carried is written again, under what was said since.
    if (!durable) this.#changes = new Map([...written, ...this.#changes])
  }

  /** The store was opened again: what it did not take is said anew. */
  reopened(states: States): void {
    for (const [key, value, order] of this.#changes.values()) {
      if (order !== undefined) this.#changes.set(key, states.put(key, value))
    }
    this.#writeState(this.#unwritten.splice(0))
    this.#ride(true)
  }

  // While the store is closed after a failed write, nobody can say which revision a value will have.
  #writeState(writes: Writes): void {
    if (!this.#life.ready) this.#unwritten.push(...writes)
    else for (const op of this.#life.session.states.write(writes)) this.#changes.set(op[0], op)
  }

  async #event(seq: number): Promise<StoredEvent | undefined> {
    return (await readRecord(this.#life.session.db, seq))?.event
  }

  // While the store is closed after a failed write nothing can ride; `reopened` says it again.
  #ride(hurry: boolean): void {
    if (this.#life.ready) this.#life.session.writer.ride(this, hurry)
  }

  #isRunning(seq: number): boolean {
    return this.#fresh.has(seq) || this.#again.has(seq)
  }

  #forget(seq: number): void {
    const cleared = this.#suspects.clear(seq)
    if (cleared !== undefined) this.#change(cleared[0], cleared[1])
    this.#fresh.delete(seq)
    this.#again.delete(seq)
    const asked = this.#asked.get(seq)
    if (asked !== undefined) {
      this.#asked.delete(seq)
      this.#retries.add({ seq, ...asked })
      this.#wake$.next()
    }
    this.#ride(true)
  }

  #settle(seq: number): void {
    if (this.#again.has(seq) && !this.#asked.has(seq)) this.#change(keys.retry(this.name, seq), undefined)
    this.#forget(seq)
  }

  #wait(seq: number, record: RetryRecord): void {
    const key = keys.retry(this.name, seq)
    if (this.#isRunning(seq)) this.#asked.set(seq, record)
    else this.#retries.add({ seq, ...record })
    this.#change(key, encode(key, record))
  }

  #writeCursor(): void {
    const key = keys.consumer(this.name)
    this.#change(key, encode(key, this.#cursor))
  }

  // A transient consumer leaves nothing behind but the state that its handlers wrote.
  #change(key: string, value: string | undefined): void {
    if (this.#options.transient !== true) this.#changes.set(key, [key, value])
  }

  #read<T>(key: string): T | undefined {
    const pending = this.#changes.get(key) ?? this.#writing.get(key)
    return decode<T>(key, pending === undefined ? this.#life.session.db.getSync(key) : pending[1])
  }
}
