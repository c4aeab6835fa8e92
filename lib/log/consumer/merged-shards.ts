import type { StoredEvent } from '../../core/event.ts'
import type { Span } from '../port.ts'
import type { CursorRecord, EventRecord } from './consumer-store.ts'
import { isOpen } from './stored-consumer.ts'

/** What tells the events of one shard from those of the others. */
export interface Merging {
  /** The number of the shard of an event. Throws if that is unknown. */
  shardOf(event: StoredEvent): number
  /** Resolves to the next events after a seq, in order; to none at the end of the log. */
  read(after: number): Promise<readonly Pick<EventRecord, 'event' | 'told'>[]>
}

/**
 * The record of a whole consumer, from those of its shards. The shards stand at different events: between the first and
 * the last of them, an event is open if its own shard has not settled it.
 */
export async function mergedShards(shards: readonly CursorRecord[], { shardOf, read }: Merging): Promise<CursorRecord> {
  const [first] = shards as readonly [CursorRecord]
  const cursor = Math.min(...shards.map((each) => each.cursor))
  const to = Math.max(...shards.map((each) => each.beyond?.to ?? each.cursor))
  const open: number[] = []
  for (let after = cursor; after < to; ) {
    const page = await read(after)
    for (const { event, told } of page) {
      if (event.seq > to || !told) continue
      const shard = shards[shardOf(event)] as CursorRecord
      if (isOpen(shard, event.seq) && event.created >= (shard.since ?? Number.NEGATIVE_INFINITY)) open.push(event.seq)
    }
    after = page.at(-1)?.event.seq ?? to
  }
  const again = shards.flatMap((each) => each.again ?? []).toSorted((a, b) => b.until - a.until)[0]
  const replays = Math.max(...shards.map((each) => each.replays ?? 0))
  const { since } = first
  const passed = shards.map((each) => each.passed)
  return {
    ...(open.length === 0 ? { cursor: to } : { cursor, beyond: { to, open } }),
    created: Math.min(...shards.map(({ created }) => created)),
    ...(replays === 0 ? {} : { replays }),
    ...(again === undefined || again.until <= cursor ? {} : { again }),
    ...(passed.includes(undefined) ? {} : { passed: inAll(passed as readonly (readonly Span[])[]) }),
    ...(since !== undefined && shards.every((each) => each.since !== undefined) ? { since } : {}),
  }
}

// What no shard has heard. An event that one has passed over may have been heard by another.
function inAll(all: readonly (readonly Span[])[]): readonly Span[] {
  return all.reduce((spans, others) =>
    spans.flatMap(([first, last]) =>
      others.map(([from, to]): Span => [Math.max(first, from), Math.min(last, to)]).filter(([from, to]) => from <= to),
    ),
  )
}
