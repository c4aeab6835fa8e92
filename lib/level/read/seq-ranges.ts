import type { Narrowed } from '../../log/query.ts'
import { keys, seqOf } from '../format/keys.ts'
import { decode, decodeFacts } from '../format/records.ts'
import { blockOf, EVENTS_PER_BLOCK, firstIn, lastIn, NO_TIME, type TimeSpan, withTime } from '../format/time-blocks.ts'
import { PAGE } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import { recordPages, type SeqRange } from './records.ts'

type Times = Pick<Narrowed, 'since' | 'until' | 'reverse'>

/**
 * Yields the ranges, within one range, in which events can be of the asked time, in order of reading. Without a time, that
 * is the whole range; otherwise the blocks whose span overlaps it, and those whose span is unknown. A full block without a
 * record is measured, once in the life of the log.
 */
export async function* seqRanges(store: () => EventStore, times: Times, all: SeqRange): AsyncGenerator<SeqRange> {
  const from = Math.max(all.from, store().first)
  if (from > all.to) return
  if (times.since === Number.NEGATIVE_INFINITY && times.until === Number.POSITIVE_INFINITY) {
    yield { from, to: all.to }
    return
  }
  const blocks = new Blocks(store, all.to)
  const [first, last] = [blockOf(from), blockOf(all.to)]
  const { reverse } = times
  // A page of blocks at a time, so that the first events come at once, however many blocks overlap.
  for (let done = 0; done <= last - first; done += PAGE) {
    const low = reverse ? Math.max(first, last - done - PAGE + 1) : first + done
    const high = reverse ? last - done : Math.min(last, first + done + PAGE - 1)
    yield* runs(await blocks.read(low, high), { low, high }, times, { from, to: all.to })
  }
}

type Span = (block: number) => Promise<TimeSpan | undefined>

/** Yields the runs of neighbouring blocks that overlap the asked time. */
async function* runs(
  span: Span,
  { low, high }: { readonly low: number; readonly high: number },
  { since, until, reverse }: Times,
  { from, to }: SeqRange,
): AsyncGenerator<SeqRange> {
  let run: SeqRange | undefined
  for (let i = 0; i <= high - low; i++) {
    const block = reverse ? high - i : low + i
    const found = await span(block)
    if (found === undefined || (found[1] >= since && found[0] <= until)) {
      const seqs = { from: Math.max(from, firstIn(block)), to: Math.min(to, lastIn(block)) }
      run = run === undefined ? seqs : { from: Math.min(run.from, seqs.from), to: Math.max(run.to, seqs.to) }
    } else if (run !== undefined) {
      yield run
      run = undefined
    }
  }
  if (run !== undefined) yield run
}

/** The spans of blocks: known ones from the store, others measured. */
class Blocks {
  readonly #store: () => EventStore
  readonly #to: number

  constructor(store: () => EventStore, to: number) {
    this.#store = store
    this.#to = to
  }

  async read(low: number, high: number): Promise<Span> {
    const { db } = this.#store()
    const records = await db.iterator({ gte: keys.times(low), lte: keys.times(high) }).all()
    const known = new Map(records.map(([key, text]) => [seqOf(key), decode<TimeSpan>(key, text)]))
    return async (block) => known.get(block) ?? this.#store().measured?.get(block) ?? this.#measure(block)
  }

  /** Returns undefined for a block that is not full, or not whole any more. */
  async #measure(block: number): Promise<TimeSpan | undefined> {
    const { db, first, measured } = this.#store()
    if (measured === undefined || firstIn(block) < first || lastIn(block) > this.#to) return undefined
    let span = NO_TIME
    let events = 0
    for await (const page of recordPages(db, { from: firstIn(block), to: lastIn(block) })) {
      events += page.length
      for (const record of page) span = withTime(span, decodeFacts(...record).created)
    }
    if (events < EVENTS_PER_BLOCK) return undefined
    measured.add(block, span)
    return span
  }
}
