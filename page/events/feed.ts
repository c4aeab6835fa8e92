import { type Signal, signal } from '@preact/signals-core'
import { api } from '../api.ts'
import { newest, onBatch } from '../live.ts'
import { isOfTypes, some } from '../text.ts'
import type { Batch, StoredEvent } from '../types.ts'

// A list of the newest events that is never wrong, though batches may be samples and connections break:
//
//   complete batch ── the reader is not reading ──▶ its events become rows
//        │ the reader is reading                    (merged by seq: an event that comes twice is one row)
//        ▼
//   debt: "everything after seq 4711 is missing" ◀── a batch that is a sample, a gap in the connection
//        │ once a second, or when the reader asks
//        ▼
//   the newest 100 after it ──▶ rows, and a gap row for those between, which the reader can open

/** What the list shows. */
export interface Filter {
  readonly types: readonly string[] | undefined
  readonly identifier: string | undefined
  readonly since: string | undefined
  /** Only older events: a page of the past, to which nothing is added. */
  readonly before: number | undefined
}

/** Events between two rows that are not shown. */
export interface Gap {
  readonly gap: true
  readonly after: number
  readonly before: number
}

export type Row = StoredEvent | Gap

/** Events that have come, and are not shown yet. `isMore`: at least so many. */
export interface Waiting {
  readonly n: number
  readonly isMore: boolean
}

export const PAGE = 100

/** The most rows: the browser stays quick, and so does the reader. */
const MOST_ROWS = 200

/** Questions that follow batches are at least this far apart, in ms. */
const APART = 1000

const NOTHING: Waiting = { n: 0, isMore: false }

/** The list of one filter, from `open` until `close`. */
export class Feed {
  readonly rows: Signal<readonly Row[] | undefined> = signal(undefined)
  readonly waiting: Signal<Waiting> = signal(NOTHING)
  readonly error: Signal<string | undefined> = signal(undefined)
  readonly filter: Filter
  #isHeld = false
  /** Everything with a higher seq is missing; undefined if nothing is. */
  #debt: number | undefined
  #known = 0
  #isAsking = true
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #askedAt = 0
  #unhear: () => void = () => undefined

  readonly #page: number

  constructor(filter: Filter, page = PAGE) {
    this.filter = filter
    this.#page = page
  }

  open(): void {
    this.#unhear = onBatch((batch) => this.#take(batch))
    void this.load()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#unhear()
  }

  /** Whether the reader reads: then nothing moves. */
  hold(isHeld: boolean): void {
    const isReleased = this.#isHeld && !isHeld
    this.#isHeld = isHeld
    if (isReleased) this.release()
  }

  /** Shows what waits. */
  release(): void {
    if (this.#debt !== undefined) void this.#catchUp()
  }

  /** Asks for the list from its beginning. */
  async load(): Promise<void> {
    await this.#ask(async () => {
      this.#debt = undefined
      this.#known = newest.peek()
      const { before } = this.filter
      const rows = await this.#list(before === undefined ? {} : { before })
      this.#known = Math.max(this.#known, rows[0]?.seq ?? 0)
      this.waiting.value = NOTHING
      this.rows.value = rows
    })
  }

  /** Shows the newest of the events of a gap. */
  async fill({ after, before }: Gap): Promise<void> {
    await this.#ask(async () => {
      const events = await this.#list({ after, before })
      const rest = (this.rows.peek() ?? []).filter((row) => !('gap' in row) || row.before !== before)
      this.rows.value = merged(rest, events, { after, page: this.#page })
    })
  }

  #take(batch: Batch): void {
    if (this.filter.before !== undefined) return
    // The log has begun again: nothing that is shown is in it.
    if (batch.seq < this.#known) return void this.load()
    const from = this.#known
    this.#known = batch.seq
    const matching = batch.newest.filter((event) => event.seq > from && this.#matches(event))
    const isWhole = !batch.resync && batch.newest.length >= batch.n && batch.seq <= from + batch.n
    if (isWhole && matching.length === 0) return
    if (isWhole && !this.#isHeld && !this.#isAsking && this.#debt === undefined) {
      this.rows.value = merged(this.rows.peek() ?? [], matching)
      return
    }
    this.#owe(from)
    this.#count(batch, { from, matching: matching.length, isWhole })
    if (!this.#isHeld) this.#soon()
  }

  #matches({ type, identifier }: StoredEvent): boolean {
    const { types, identifier: wanted } = this.filter
    return isOfTypes(type, types) && (wanted === undefined || identifier === wanted)
  }

  #owe(after: number): void {
    this.#debt = Math.min(this.#debt ?? after, after)
  }

  #count(
    { seq, byType }: Batch,
    { from, matching, isWhole }: { readonly from: number; readonly matching: number; readonly isWhole: boolean },
  ): void {
    const { types, identifier } = this.filter
    // A sample knows how many events of each type there were, and nothing about identifiers.
    let n = matching
    if (types === undefined && identifier === undefined) n = seq - from
    else if (!isWhole && identifier === undefined) {
      n = 0
      for (const [type, count] of Object.entries(byType)) if (isOfTypes(type, types)) n += count
    }
    const isExact = isWhole || (types === undefined && identifier === undefined)
    const { value: before } = this.waiting
    this.waiting.value = { n: before.n + n, isMore: before.isMore || !isExact }
  }

  #soon(): void {
    clearTimeout(this.#timer)
    const wait = Math.max(0, this.#askedAt + APART - Date.now())
    this.#timer = setTimeout(() => {
      if (!this.#isHeld) this.release()
    }, wait)
  }

  async #catchUp(): Promise<void> {
    const after = this.#debt
    if (after === undefined || this.#isAsking) return
    const { value: waited } = this.waiting
    // What comes from now on is a debt of its own.
    this.#debt = undefined
    this.waiting.value = NOTHING
    const isPaid = await this.#ask(async () => {
      const events = await this.#list({ after })
      if (events.length > 0) this.rows.value = merged(this.rows.peek() ?? [], events, { after, page: this.#page })
    })
    if (isPaid) return
    this.#owe(after)
    this.waiting.value = { n: this.waiting.value.n + waited.n, isMore: true }
    if (!this.#isHeld) this.#soon()
  }

  async #ask(question: () => Promise<void>): Promise<boolean> {
    this.#isAsking = true
    this.#askedAt = Date.now()
    try {
      await question()
      this.error.value = undefined
      return true
    } catch (error) {
      this.error.value = (error as Error).message
      return false
    } finally {
      this.#isAsking = false
      if (!this.#isClosed && !this.#isHeld && this.#debt !== undefined) this.#soon()
    }
  }

  #list(place: { readonly after?: number; readonly before?: number }): Promise<readonly StoredEvent[]> {
    const { types, identifier, since } = this.filter
    return api.events.list(some({ types, identifier, since, ...place, limit: this.#page, reverse: true }))
  }
}

/**
 * The rows with more events, newest first, each seq once. `asked`: the events are the newest ones after a seq, and if they
 * are a whole page, there may be more between.
 */
function merged(
  rows: readonly Row[],
  events: readonly StoredEvent[],
  asked?: { readonly after: number; readonly page: number },
): readonly Row[] {
  const bySeq = new Map<number, Row>()
  const seqOf = (row: Row): number => ('gap' in row ? row.before - 0.5 : row.seq)
  for (const row of rows) bySeq.set(seqOf(row), row)
  for (const event of events) bySeq.set(event.seq, event)
  const oldest = events.at(-1)
  if (asked !== undefined && oldest !== undefined && events.length >= asked.page && oldest.seq > asked.after + 1)
    bySeq.set(oldest.seq - 0.5, { gap: true, after: asked.after, before: oldest.seq })
  return [...bySeq.values()].sort((a, b) => seqOf(b) - seqOf(a)).slice(0, MOST_ROWS)
}
