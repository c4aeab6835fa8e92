import type { StoredEvent } from '../../core/event.ts'
import type { JsonValue } from '../../core/json.ts'
import { DAY } from '../../core/time-units.ts'
import { batchNoteOf, CELLS, cellsOf, JUDGED, type Judged, type Kept, notesOf, VERDICTS, verdictKey } from './kept.ts'
import type { MemoryPipe } from './memory-pipe.ts'
import { type MemoryWrite, Records, type StoredMemory } from './records.ts'
import { leavingOut, type Replaced, Session, type SessionOptions } from './session.ts'

/** What becomes of an event, and of those that waited for it. */
export type Verdict = Outcome & {
  /** The seqs of events that waited, and are left out now: another value has taken the place of theirs. */
  readonly releases?: readonly number[]
}

type Outcome =
  /** Its values continue through the rest of the pipe. */
  | {
      readonly kind: 'deliver'
      readonly values: readonly unknown[]
      /** The events of a digest, whose values are one array. */
      readonly batch?: readonly StoredEvent[]
    }
  /** An operator threw, so no filter has judged it. */
  | { readonly kind: 'fail'; readonly error: unknown }
  /** `completes`: the seq of the event that began its batch, and hands that out now. */
  | { readonly kind: 'drop'; readonly completes?: number }
  /** It is decided at `until`, in ms since the epoch. */
  | { readonly kind: 'wait'; readonly until: number }

/**
 * A memory is kept for so long after it has expired, in ms. A clock that is set back by less finds it as it was, so a
 * restart changes no verdict.
 */
const KEPT_ON = DAY

/** How many verdicts are forgotten at a time. */
const MOST_TRIMMED = 10_000

const DROP: Outcome = { kind: 'drop' }

interface Run {
  readonly session: Session
  readonly values: readonly unknown[]
  readonly failure?: { readonly error: unknown }
}

/**
 * Judges the events of one listener whose pipe has filters with a memory.
 *
 * ```
 *                      first … last: judged, in order of seq
 *   ├── before ────────┤├── verdict kept: pass · wait · batch · member ──┤├── not yet ─────→
 *       never judged:       without a record: filtered out                   judge() judges,
 *       they pass                                                            and moves `last`
 * ```
 *
 * Invariants:
 * - The memory is a fold over the events in order of seq: each is judged once, when it is first seen, by what the
 *   filters remember of the events before it. The time of an event is when it was created; a value that waited passes
 *   at the time it waited for. So the same log gives the same verdicts, whenever and how often it is read.
 * - `takeWrites` returns the memory, the verdicts and `last` together. Stored in one commit, they are never apart: what
 *   is remembered of an event, and that it was judged.
 * - A verdict is stored before a handler can see its event. Then a crash, a retry, a replay finds it, and the memory
 *   does not count the event again.
 */
export class Judge {
  readonly #pipe: MemoryPipe
  readonly #records: Records
  readonly #events: (seqs: readonly number[]) => AsyncIterable<StoredEvent>
  #judged: Judged | undefined

  /** `events`: reads the events of a batch, lowest seqs first, without those that were pruned. */
  constructor(pipe: MemoryPipe, stored: StoredMemory, events: (seqs: readonly number[]) => AsyncIterable<StoredEvent>) {
    this.#pipe = pipe
    this.#records = new Records(stored)
    this.#events = events
  }

  /** Reads where the memory stands. Forgets the memory of filters that the pipe no longer has, and what has expired. */
  async open(): Promise<void> {
    this.#judged = (await this.#records.load(JUDGED)) as Judged | undefined
    const filters = new Map([...this.#pipe.names].map(([memory, name]) => [cellsOf(name), memory]))
    for await (const { key, value } of this.#records.list(CELLS)) {
      const memory = filters.get(key.slice(0, key.indexOf('/', CELLS.length) + 1))
      const expires = memory?.kind === 'filter' ? memory.expires?.(value) : undefined
      if (memory === undefined || (expires ?? Number.POSITIVE_INFINITY) + KEPT_ON <= (this.#judged?.time ?? 0))
        this.#records.set(key, undefined)
      if (memory === undefined) await this.#handOver(value)
    }
  }

  // What a digest has collected that is gone, or has changed: its first event hands that out at its time.
  async #handOver(cell: JsonValue): Promise<void> {
    const { seqs } = Object(cell) as { readonly seqs?: readonly number[] }
    const first = seqs?.[0]
    if (seqs === undefined || first === undefined) return
    this.#records.set(batchNoteOf(first), seqs)
    const kept = await this.#keptOf(first)
    if (kept?.until === null) this.#keep(first, { ...kept, until: 0 })
  }

  /** Forgets the verdicts on events before `first`, which the log no longer has: the oldest 10 000 at most. */
  async trim(first: number): Promise<void> {
    let left = MOST_TRIMMED
    for await (const { key } of this.#records.list(VERDICTS)) {
      if (key >= verdictKey(first) || left-- === 0) return
      this.#records.set(key, undefined)
    }
  }

  /** What to store since the last call, in one commit. */
  takeWrites(): readonly MemoryWrite[] {
    return this.#records.take()
  }

  /** Judges an event that was not judged yet, else finds its verdict. Call it one at a time, lowest seqs first. */
  async judge(event: StoredEvent): Promise<Verdict> {
    const { seq } = event
    if (this.#judged === undefined || seq > this.#judged.last) return this.#judgeFirst(event)
    const kept = await this.#keptOf(seq)
    if (kept === undefined) return seq < this.#judged.first ? this.#again(event, {}) : DROP
    if (kept.until !== undefined) return { kind: 'wait', until: kept.until ?? Number.POSITIVE_INFINITY }
    if (kept.member === true) return DROP
    if (kept.batch !== undefined) return this.#batch(kept.batch)
    return this.#again(event, kept)
  }

  /** Decides about an event that waits: its time is up, and all events that were created before have been judged. */
  async wake(event: StoredEvent): Promise<Verdict> {
    const { seq } = event
    const kept = (await this.#keptOf(seq)) ?? {}
    // A later event has completed its batch.
    if (kept.until === undefined) return this.judge(event)
    const notes = new Map<string, JsonValue>()
    for await (const { key, value } of this.#records.list(notesOf(seq))) notes.set(key, value)
    for (const key of notes.keys()) this.#records.set(key, undefined)
    if (kept.began !== undefined) return this.#endBatch(seq, kept, kept.began, notes.get(batchNoteOf(seq)))
    const run = await this.#run(event, {
      time: kept.until ?? event.created,
      kept: kept.decisions ?? {},
      confirmed: new Set(notes.keys()),
    })
    return this.#conclude(event, kept.until ?? event.created, run)
  }

  /** Whether an event was judged, and no value of it passes. */
  async isLeftOut(seq: number): Promise<boolean> {
    const { first = seq + 1, last = 0 } = this.#judged ?? {}
    return first <= seq && seq <= last && (await this.#keptOf(seq)) === undefined
  }

  /** Whether an event waits for its time, or its batch is handed out by another that came before the time. */
  async isWaiting(seq: number): Promise<boolean> {
    const { until, member } = (await this.#keptOf(seq)) ?? {}
    return until !== undefined || member === true
  }

  /** Whether an event hands out a batch. */
  async hasBatch(seq: number): Promise<boolean> {
    return (await this.#keptOf(seq))?.batch !== undefined
  }

  async #judgeFirst(event: StoredEvent): Promise<Verdict> {
    const { seq, created } = event
    const run = await this.#run(event, { time: created })
    this.#judged = { first: this.#judged?.first ?? seq, last: seq, time: created }
    this.#records.set(JUDGED, { ...this.#judged })
    return this.#conclude(event, created, run)
  }

  // The head is synchronous, so it runs again once the missing memories are loaded.
  async #run(event: StoredEvent, options: Omit<SessionOptions, 'seq'>): Promise<Run> {
    for (;;) {
      const session = new Session(this.#pipe, this.#records, { seq: event.seq, ...options })
      const run = this.#runOnce(event, session)
      if (session.missing.size === 0) return run
      for (const key of session.missing) await this.#records.load(key)
    }
  }

  #runOnce(event: StoredEvent, session: Session): Run {
    try {
      return { session, values: this.#pipe.run(event, session) }
    } catch (error) {
      return { session, values: [], failure: { error } }
    }
  }

  async #conclude(event: StoredEvent, time: number, run: Run): Promise<Verdict> {
    const outcome = await this.#outcome(event, time, run)
    const replaced = run.failure === undefined ? run.session.replaced : []
    if (replaced.length === 0) return outcome
    return { ...outcome, releases: await this.#leaveOut(replaced) }
  }

  // Returns the seqs of the events of which no other value waits.
  async #leaveOut(replaced: readonly Replaced[]): Promise<readonly number[]> {
    const released: number[] = []
    for (const { seq, name, index } of replaced) {
      const kept = await this.#keptOf(seq)
      if (kept?.until === undefined) continue
      const decisions = { ...kept.decisions, [name]: leavingOut(kept.decisions?.[name] ?? '', index) }
      if (Object.values(decisions).some((each) => each.includes('?'))) this.#keep(seq, { ...kept, decisions })
      else {
        this.#records.set(verdictKey(seq), undefined)
        released.push(seq)
      }
    }
    return released
  }

  #outcome(event: StoredEvent, time: number, { session, values, failure }: Run): Promise<Outcome> | Outcome {
    const { seq } = event
    if (failure !== undefined) {
      this.#keep(seq, {})
      return { kind: 'fail', error: failure.error }
    }
    const { decisions, until } = session
    for (const [key, cell] of session.cells) this.#records.set(key, cell)
    for (const note of session.notes) this.#records.set(note, true)
    if (until !== undefined) {
      this.#keep(seq, { decisions, until })
      return { kind: 'wait', until }
    }
    if (session.collectedIn !== undefined) return this.#collect(seq, time, session, session.collectedIn)
    if (values.length > 0) {
      this.#keep(seq, { decisions })
      return { kind: 'deliver', values }
    }
    // It waited, and now has no record.
    if (this.#records.peek(verdictKey(seq))?.value !== undefined) this.#records.set(verdictKey(seq), undefined)
    return DROP
  }

  async #collect(seq: number, time: number, session: Session, cell: string): Promise<Outcome> {
    const { decisions } = session
    const { digest } = this.#pipe
    if (digest === undefined) return DROP
    const { closes, until, over, cell: next } = digest.collect(session.cell(cell), { seq, time })
    this.#records.set(cell, next ?? undefined)
    if (over !== undefined) this.#records.set(batchNoteOf(over[0] as number), over)
    if (closes !== undefined) {
      const first = closes[0] as number
      // The first event hands the batch out, so that all bodies are kept as long as it waits, or is parked.
      const began = first === seq ? decisions : ((await this.#keptOf(first))?.decisions ?? {})
      this.#keep(seq, { decisions, member: true })
      this.#keep(first, { decisions: began, batch: closes })
      return first === seq ? this.#batch(closes) : { kind: 'drop', completes: first }
    }
    if (until === undefined) {
      this.#keep(seq, { decisions, member: true })
      return DROP
    }
    this.#keep(seq, { decisions, until: Number.isFinite(until) ? until : null, began: cell })
    return { kind: 'wait', until }
  }

  // The batch was noted when a later event found it over; else it ends now, unless another event has completed it.
  async #endBatch(seq: number, kept: Kept, cell: string, noted: JsonValue | undefined): Promise<Outcome> {
    const { decisions = {} } = kept
    const open = this.#pipe.digest?.batch(await this.#records.load(cell), seq)
    const batch = (noted as readonly number[] | undefined) ?? open
    if (open !== undefined) this.#records.set(cell, undefined)
    this.#keep(seq, batch === undefined ? { decisions, member: true } : { decisions, batch })
    return batch === undefined ? DROP : this.#batch(batch)
  }

  async #keptOf(seq: number): Promise<Kept | undefined> {
    return (await this.#records.load(verdictKey(seq))) as Kept | undefined
  }

  #keep(seq: number, kept: Kept): void {
    this.#records.set(verdictKey(seq), kept as JsonValue)
  }

  // The decisions stand, and nothing is remembered.
  async #again(event: StoredEvent, kept: Kept): Promise<Outcome> {
    const { session, values, failure } = await this.#run(event, {
      time: event.created,
      kept: kept.decisions ?? {},
      again: true,
    })
    if (failure !== undefined) return { kind: 'fail', error: failure.error }
    if (this.#pipe.digest === undefined) return { kind: 'deliver', values }
    // It was never in a batch.
    return { kind: 'deliver', values: session.collected.length === 0 ? [] : [session.collected], batch: [event] }
  }

  async #batch(seqs: readonly number[]): Promise<Outcome> {
    const events: StoredEvent[] = []
    const values: unknown[] = []
    // One that waited at an earlier filter may have come in late.
    for await (const event of this.#events([...seqs].sort((a, b) => a - b))) {
      const kept = await this.#keptOf(event.seq)
      const options = { time: event.created, kept: kept?.decisions ?? {}, again: true }
      const run = await this.#run(event, options)
      if (run.failure !== undefined) return { kind: 'fail', error: run.failure.error }
      events.push(event)
      values.push(...(this.#pipe.digest === undefined ? run.values : run.session.collected))
    }
    if (this.#pipe.digest === undefined) return { kind: 'deliver', values }
    return { kind: 'deliver', values: values.length === 0 ? [] : [Object.freeze(values)], batch: events }
  }
}
