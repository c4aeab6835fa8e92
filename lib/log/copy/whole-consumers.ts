import { quote, TidingsError } from '../../core/errors.ts'
import { mergedShards } from '../consumer/merged-shards.ts'
import { identityKeys, shardOf, shardPlace, wholeOf } from '../shards.ts'
import type {
  PortableConsumer,
  PortableEvent,
  PortableKind,
  PortableMark,
  PortableRecords,
  PortableSource,
} from './portable-log.ts'

/** A log without shards, for a store that one process owns: each shared consumer is one. */
export function wholeConsumers(source: PortableSource): PortableSource {
  let consumers: Promise<readonly PortableConsumer[]> | undefined
  async function* records<K extends PortableKind>(kind: K): AsyncGenerator<readonly PortableRecords[K][]> {
    if (kind === 'consumer') {
      consumers ??= wholes(source)
      yield (await consumers) as readonly unknown[] as readonly PortableRecords[K][]
    } else if (kind === 'mark') {
      for await (const page of source.records('mark'))
        yield page.map(
          (each): PortableMark => ({ ...each, name: wholeOf(each.name) }),
        ) as readonly unknown[] as readonly PortableRecords[K][]
    } else yield* source.records(kind)
  }
  return { facts: source.facts, records }
}

async function wholes(source: PortableSource): Promise<readonly PortableConsumer[]> {
  const found: PortableConsumer[] = []
  const shards = new Map<string, PortableConsumer[]>()
  for await (const page of source.records('consumer'))
    for (const each of page) {
      const place = shardPlace(each.name)
      if (place === undefined) found.push(each)
      else shards.set(place.whole, [...(shards.get(place.whole) ?? []), each])
    }
  const events = await eventsBetween(source, [...shards.values()])
  for (const [name, parts] of shards) {
    const sorted = parts.toSorted((a, b) => (shardPlace(a.name)?.index ?? 0) - (shardPlace(b.name)?.index ?? 0))
    const cursor = await mergedShards(
      sorted.map((each) => each.cursor),
      {
        shardOf(event) {
          if (sorted[0]?.cursor.keys !== identityKeys.name) throw unknownShard(name, event.seq)
          return shardOf(identityKeys.of(event), sorted.length)
        },
        read: async (after) => events.filter(({ event }) => event.seq > after),
      },
    )
    const inFlight = sorted.flatMap((each) => each.inFlight ?? [])
    found.push({ name, cursor, ...(inFlight.length === 0 ? {} : { inFlight }) })
  }
  return found
}

// Those that one shard of a consumer has come to, and another has not.
async function eventsBetween(
  source: PortableSource,
  consumers: readonly (readonly PortableConsumer[])[],
): Promise<readonly PortableEvent[]> {
  const spans = consumers.map((shards) => ({
    from: Math.min(...shards.map(({ cursor }) => cursor.cursor)),
    to: Math.max(...shards.map(({ cursor }) => cursor.beyond?.to ?? cursor.cursor)),
  }))
  const events: PortableEvent[] = []
  if (spans.every(({ from, to }) => from === to)) return events
  for await (const page of source.records('event'))
    for (const each of page)
      if (spans.some(({ from, to }) => each.event.seq > from && each.event.seq <= to)) events.push(each)
  return events
}

function unknownShard(name: string, seq: number): TidingsError {
  const words =
    `listener ${quote(name)} is shared by a function of its code, and not all of its shards have handled event ${seq}: ` +
    'let an agent run that does not share it, and copy the log then'
  return new TidingsError('TIDINGS_LOG_INVALID', words, { details: { listener: name, seq } })
}
