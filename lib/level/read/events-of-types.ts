import { TidingsError } from '../../core/errors.ts'
import { headOf, isPattern, typeTest } from '../../log/type-names.ts'
import { keys, LAST_SEQ, seqOf, startingWith, textsOf } from '../format/keys.ts'
import { decodeEvent, type EventRecord, recordsOf, unseal } from '../format/records.ts'
import { earliestStart, latestEnd, recordsIn, type SeqRecord } from '../format/segments.ts'
import { type Database, PAGE, READ_AHEAD } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import { missing, recordPages, type SeqRange } from './records.ts'

/** With more types, reading every event is as fast as merging their seqs. */
const MOST_TYPES = 64

/**
 * Returns the names of the types in the log that match names and patterns; undefined if they may be any, or too many to
 * read by their index. Finds each type by one look-up, however many events it has.
 */
export async function typeNames(
  { db }: EventStore,
  types: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  if (types === undefined || types.some((type) => isPattern(type) && headOf(type) === '')) return undefined
  const names = new Set(types.filter((type) => type !== '' && !isPattern(type)))
  for (const pattern of types.filter(isPattern)) {
    const matches = typeTest([pattern])
    for await (const type of typesFrom(db, headOf(pattern))) {
      if (matches(type)) names.add(type)
      if (names.size > MOST_TYPES) return undefined
    }
  }
  return names.size > MOST_TYPES ? undefined : [...names]
}

/** Yields the types in the log that begin with `head`, in order. Finds each by one look-up. */
export async function* typesFrom(db: Database, head: string): AsyncGenerator<string> {
  const { gte, lt } = startingWith(keys.typesOf(head))
  let [key] = await db.keys({ gte, lt, limit: 1 }).all()
  while (key !== undefined) {
    const [type = ''] = textsOf(key)
    yield type
    ;[key] = await db.keys({ gt: keys.type(type, LAST_SEQ), lt, limit: 1 }).all()
  }
}

/** How many segments are read first: the first events come at once, however many there are. */
const FIRST_READ = 8

/**
 * Yields the events of these types in a range, in order, in pages. Finds their segments by the index of types. Calls
 * `store` for each read; skips pruned events.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` for an event that is missing, or is indexed under another type
 */
export async function* eventsOfTypes(
  store: () => EventStore,
  types: readonly string[],
  range: SeqRange,
  reverse: boolean,
): AsyncGenerator<readonly EventRecord[]> {
  const isOfTypes = recordsOf(types)
  const left = { ...range }
  let read = FIRST_READ
  for await (const page of segmentsOfTypes(store, types, range, reverse)) {
    for (let done = 0; done < page.length; ) {
      const starts = page.slice(done, done + read)
      done += starts.length
      const found: EventRecord[] = []
      for (const events of await readSegments(store, starts, isOfTypes)) {
        const wanted = events.filter(({ event: { seq } }) => seq >= left.from && seq <= left.to)
        found.push(...(reverse ? wanted.reverse() : wanted))
        // What remains of a segment that is pruned meanwhile has two places in the index, one after the other.
        if (!reverse) left.from = (found.at(-1)?.event.seq ?? left.from - 1) + 1
      }
      yield found
      // More if they have few, but not many more than are asked for.
      if (found.length < PAGE / 2) read = Math.min(read * 2, PAGE)
    }
  }
}

/** Reads the wanted events of the segments that begin at these seqs: none where all are pruned. */
async function readSegments(
  store: () => EventStore,
  starts: readonly number[],
  isWanted: (text: string) => boolean,
): Promise<readonly EventRecord[][]> {
  const at = starts.map(keys.event)
  const segments = await segmentsAt(store().db, starts, at)
  const read: EventRecord[][] = []
  for (const [i, start] of starts.entries()) {
    const text = segments[i]
    if (text === undefined) {
      read.push(decodeThose(await restOf(store(), start), isWanted))
      continue
    }
    const events = decodeThose(recordsIn(at[i] as string, text), isWanted)
    if (events.length === 0) throw underAnotherType(start)
    read.push(events)
  }
  return read
}

// The checksums of the others are checked too: one of them may have been of these types before it was damaged.
function decodeThose(records: readonly SeqRecord[], isWanted: (text: string) => boolean): EventRecord[] {
  const found: EventRecord[] = []
  for (const [seq, text] of records) {
    if (isWanted(text)) found.push(decodeEvent(seq, text))
    else unseal(keys.event(seq), text)
  }
  return found
}

function underAnotherType(seq: number): TidingsError {
  const words = `the index of types has event ${seq} under another type`
  return new TidingsError('TIDINGS_LOG_DAMAGED', words, { details: { seq } })
}

// What a prune leaves of a segment becomes one of its own, under the first event that remains.
async function restOf({ db, first }: EventStore, start: number): Promise<readonly SeqRecord[]> {
  if (start >= first) throw missing(start)
  const rest: SeqRecord[] = []
  if (first <= latestEnd(start))
    for await (const page of recordPages(db, { from: first, to: latestEnd(start) })) rest.push(...page)
  return rest
}

/** Of a range, at least this part is wanted if reading all of it is faster than looking the wanted segments up. */
const DENSE = 0.5

async function segmentsAt(
  db: Database,
  starts: readonly number[],
  at: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const [low, high] = [Math.min(...starts), Math.max(...starts)]
  if (starts.length < (high - low + 1) * DENSE) return db.getMany([...at])
  const found = new Map(await db.iterator({ gte: keys.event(low), lte: keys.event(high), ...READ_AHEAD }).all())
  return at.map((key) => found.get(key))
}

/** Yields where the segments with events of these types begin that reach into a range, in order, in pages, each once. */
async function* segmentsOfTypes(
  store: () => EventStore,
  types: readonly string[],
  { from, to }: SeqRange,
  reverse: boolean,
): AsyncGenerator<readonly number[]> {
  const range = { from: earliestStart(from), to }
  const heads = types.map((type) => new SegmentsOfType(store, type, range, reverse, types.length))
  await Promise.all(heads.map((head) => head.fill()))
  const isEarlier = reverse ? (a: number, b: number) => a > b : (a: number, b: number) => a < b
  let last: number | undefined
  for (;;) {
    const page: number[] = []
    while (page.length < PAGE) {
      let next: SegmentsOfType | undefined
      for (const head of heads) {
        if (head.start !== undefined && (next?.start === undefined || isEarlier(head.start, next.start))) next = head
      }
      if (next?.start === undefined) break
      if (next.start !== last) page.push((last = next.start))
      if (next.isLast()) await next.fill()
    }
    if (page.length === 0) return
    yield page
  }
}

/** Where the segments with events of one type begin, read ahead. */
class SegmentsOfType {
  readonly #store: () => EventStore
  readonly #type: string
  readonly #range: { from: number; to: number }
  readonly #reverse: boolean
  readonly #ahead: number
  #starts: readonly number[] = []
  #at = 0

  constructor(store: () => EventStore, type: string, range: SeqRange, reverse: boolean, types: number) {
    this.#store = store
    this.#type = type
    this.#range = { ...range }
    this.#reverse = reverse
    this.#ahead = Math.max(16, Math.ceil(PAGE / types))
  }

  /** Where the next segment begins; undefined after the last. */
  get start(): number | undefined {
    return this.#starts[this.#at]
  }

  /** Takes the next segment; returns whether more have to be read. */
  isLast(): boolean {
    this.#at += 1
    return this.#at === this.#starts.length
  }

  async fill(): Promise<void> {
    const { db, first } = this.#store()
    const from = Math.max(this.#range.from, earliestStart(first))
    const { to } = this.#range
    this.#at = 0
    this.#starts = []
    if (from > to) return
    const range = { gte: keys.type(this.#type, from), lte: keys.type(this.#type, to) }
    this.#starts = (await db.keys({ ...range, reverse: this.#reverse, limit: this.#ahead }).all()).map(seqOf)
    const last = this.#starts.at(-1)
    if (last === undefined) return
    if (this.#reverse) this.#range.to = last - 1
    else this.#range.from = last + 1
  }
}
