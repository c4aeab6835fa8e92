import { headOf, isPattern, typeTest } from '../../log/type-names.ts'
import { keys, seqOf, startingWith, textsOf } from '../format/keys.ts'
import { type Database, PAGE } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import type { SeqRange } from './seq-ranges.ts'

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

/** Yields the seqs of events of these types within a range, in order, in pages. Calls `store` for each read. */
export async function* typeSeqs(
  store: () => EventStore,
  types: readonly string[],
  { from, to }: SeqRange,
  reverse: boolean,
): AsyncGenerator<readonly number[]> {
  const heads = types.map((type) => new SeqsOfType(store, type, { from, to }, reverse, types.length))
  await Promise.all(heads.map((head) => head.fill()))
  const isEarlier = reverse ? (a: number, b: number) => a > b : (a: number, b: number) => a < b
  for (;;) {
    const page: number[] = []
    while (page.length < PAGE) {
      let next: SeqsOfType | undefined
      for (const head of heads) {
        if (head.seq !== undefined && (next?.seq === undefined || isEarlier(head.seq, next.seq))) next = head
      }
      if (next?.seq === undefined) break
      page.push(next.seq)
      if (next.isLast()) await next.fill()
    }
    if (page.length === 0) return
    yield page
  }
}

/** The seqs of one type, read ahead. */
class SeqsOfType {
  readonly #store: () => EventStore
  readonly #type: string
  readonly #range: { from: number; to: number }
  readonly #reverse: boolean
  readonly #ahead: number
  #seqs: readonly number[] = []
  #at = 0

  constructor(store: () => EventStore, type: string, range: SeqRange, reverse: boolean, types: number) {
    this.#store = store
    this.#type = type
    this.#range = { ...range }
    this.#reverse = reverse
    this.#ahead = Math.max(16, Math.ceil(PAGE / types))
  }

  /** The next seq; undefined after the last. */
  get seq(): number | undefined {
    return this.#seqs[this.#at]
  }

  /** Takes the next seq; returns whether more have to be read. */
  isLast(): boolean {
    this.#at += 1
    return this.#at === this.#seqs.length
  }

  async fill(): Promise<void> {
    const { db, first } = this.#store()
    const from = Math.max(this.#range.from, first)
    const { to } = this.#range
    this.#at = 0
    this.#seqs = []
    if (from > to) return
    const range = { gte: keys.type(this.#type, from), lte: keys.type(this.#type, to) }
    this.#seqs = (await db.keys({ ...range, reverse: this.#reverse, limit: this.#ahead }).all()).map(seqOf)
    const last = this.#seqs.at(-1)
    if (last === undefined) return
    if (this.#reverse) this.#range.to = last - 1
    else this.#range.from = last + 1
  }
}

/** Higher than any seq. */
const LAST_SEQ = 2 ** 48 - 1
