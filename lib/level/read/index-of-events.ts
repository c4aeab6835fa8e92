import type { StoredEvent } from '../../core/event.ts'
import type { TypeCount } from '../../log/event-facts.ts'
import { KIND, keys, seqOf, startingWith, textsOf } from '../format/keys.ts'
import { decode, decodeEvent, type TypeCount as TypeCountRecord, type Unindexed } from '../format/records.ts'
import { pagesOf } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import { typesFrom } from './events-of-types.ts'
import { missing, recordsAt } from './records.ts'

/** How many events that follow a cause are read at a time. */
const FOLLOWERS = 100

/** Yields the types in the log with their counts. While events are unindexed, the index of types has the names. */
export async function* typeCounts({ db }: EventStore, unindexed: Unindexed): AsyncGenerator<TypeCount> {
  if (unindexed === 0) {
    for await (const page of pagesOf(db.iterator(startingWith(KIND.count))))
      for (const [key, text] of page) yield countOf(textsOf(key)[0] as string, decode<TypeCountRecord>(key, text))
    return
  }
  for await (const type of typesFrom(db, '')) {
    const key = keys.count(type)
    yield countOf(type, decode<TypeCountRecord>(key, await db.get(key)))
  }
}

function countOf(type: string, record: TypeCountRecord | undefined): TypeCount {
  if (record === undefined) return { type, count: 0 }
  const [count, last, at] = record
  return { type, count, last, at }
}

/** Yields the events that a cause has led to, oldest first. Calls `store` for each page. */
export async function* followers(store: () => EventStore, cause: number): AsyncGenerator<StoredEvent> {
  const { lt } = startingWith(keys.causedBy(cause))
  for (let after = cause; ; ) {
    const { db, first } = store()
    const found = await db.keys({ gt: keys.cause(cause, Math.max(after, first - 1)), lt, limit: FOLLOWERS }).all()
    const last = found.at(-1)
    if (last === undefined) return
    const seqs = found.map(seqOf)
    const texts = await recordsAt(db, seqs)
    for (const [i, seq] of seqs.entries()) {
      const text = texts[i]
      if (text !== undefined) yield decodeEvent(seq, text).event
      else if (seq >= store().first) throw missing(seq)
    }
    after = seqOf(last)
  }
}
