import type { Query } from '../../log/port.ts'
import { type Narrowed, narrow } from '../../log/query.ts'
import { keys } from '../format/keys.ts'
import { decode, type EventRecord, FORGOTTEN, type Identity } from '../format/records.ts'
import type { Database } from '../store/database.ts'
import type { EventStore } from './event-store.ts'
import { eventsOfTypes, typeNames } from './events-of-types.ts'
import { EVENTS_PER_PAGE, readConsecutive } from './records.ts'
import { seqRanges } from './seq-ranges.ts'

/**
 * Yields the events that match a query, up to the seq `upTo`. Reads only where its bounds are: the blocks of its time, the
 * index of its types, and nothing newer than the identities that it names. Applies the whole test to what it reads. Calls
 * `store` for each page, because the store may be reopened or pruned meanwhile; skips pruned events.
 */
export async function* readEvents(store: () => EventStore, query: Query, upTo: number): AsyncGenerator<EventRecord> {
  const asked = narrow(query)
  let left = asked.limit
  const types = await typeNames(store(), asked.types)
  const to = Math.min(upTo, asked.upTo, await newestOf(store(), types, asked.identifiers))
  for await (const range of seqRanges(store, asked, { from: asked.after + 1, to })) {
    const pages =
      types === undefined
        ? everyPage(store, { reverse: asked.reverse, size: pageSize(query, asked) }, range.from, range.to)
        : eventsOfTypes(store, types, range, asked.reverse)
    for await (const page of pages) {
      for (const record of page) {
        if (left <= 0) return
        if (!asked.test(record.event) || (query.told ?? record.told) !== record.told) continue
        left -= 1
        yield record
      }
      if (left <= 0) return
    }
  }
}

// Where every event matches, no more are read than are asked for.
function pageSize({ told, where }: Query, { types, since, until, limit }: Narrowed): number {
  const isEvery = where === undefined && told === undefined && types === undefined
  const isAlways = since === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY
  return isEvery && isAlways ? Math.min(EVENTS_PER_PAGE, Math.max(1, limit)) : EVENTS_PER_PAGE
}

/** With more identities, looking each one up takes longer than it saves. */
const MOST_IDENTITIES = 1000

/** The highest seq of these identities; Infinity if they are not known by name, or one is forgotten. */
async function newestOf(
  { db, rule }: EventStore,
  types: readonly string[] | undefined,
  identifiers: readonly string[] | undefined,
): Promise<number> {
  if (rule === undefined || identifiers === undefined || (rule === 'type' && types === undefined))
    return Number.POSITIVE_INFINITY
  const known = rule === 'type' ? (types ?? []) : ['']
  if (known.length * identifiers.length > MOST_IDENTITIES) return Number.POSITIVE_INFINITY
  const at = known.flatMap((type) =>
    identifiers.map((each) => (rule === 'type' ? keys.identity(type, each) : keys.identityAlone(each))),
  )
  const found = await db.getMany(at)
  const seqs = found.map((text, i) => decode<Identity>(at[i] as string, text)?.[0] ?? 0)
  const isForgotten = seqs.some((seq, i) => seq === FORGOTTEN && found[i] !== undefined)
  return isForgotten ? Number.POSITIVE_INFINITY : Math.max(0, ...seqs)
}

/** Reads the page of records after `after`, up to `upTo`. */
async function readPage(db: Database, after: number, upTo: number, size: number): Promise<readonly EventRecord[]> {
  const limit = Math.min(size, upTo - after)
  return limit <= 0 ? [] : readConsecutive(db, after, limit)
}

async function* everyPage(
  store: () => EventStore,
  { reverse, size }: { readonly reverse: boolean; readonly size: number },
  low: number,
  high: number,
): AsyncGenerator<readonly EventRecord[]> {
  if (!reverse) {
    for (let at = low; at <= high; ) {
      const { db, first } = store()
      at = Math.max(at, first)
      yield await readPage(db, at - 1, high, size)
      at += size
    }
    return
  }
  for (let top = high; ; top -= size) {
    const { db, first } = store()
    const after = Math.max(low - 1, first - 1, top - size)
    if (after >= top) return
    yield (await readPage(db, after, top, size)).toReversed()
  }
}
