import { defined } from '../core/defined.ts'
import type { StoredEvent } from '../core/event.ts'
import type { CursorRecord, RetryRecord } from '../log/consumer/consumer-store.ts'
import { eventPlace } from '../log/consumer/event-place.ts'
import type { LogConsumer } from '../log/consumer/log-consumer.ts'
import { lagOf } from '../log/consumer/sharded-consumer.ts'
import type { ConsumerInfo, EventPlace, Lag } from '../log/port.ts'
import { identityKeys, type Keys, shardOf, shardPlace } from '../log/shards.ts'
import { readOne } from './reads.ts'
import { MARKS } from './saves.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/** What the log keeps of a consumer, or of a shard. */
export interface ConsumerRow {
  readonly name: string
  readonly record: CursorRecord
  /** The seqs of what was in flight. */
  readonly inFlight: readonly number[]
}

/** The row of a consumer, or those of its shards in their order; none if it is unknown. */
export async function rowsOf(session: Session, whole: string): Promise<readonly ConsumerRow[]> {
  // What follows the name of the whole in those of its shards, and what comes after all of them.
  const [from, to] = [`${toText(whole)}\x01\x02`, `${toText(whole)}\x01\x03`]
  const text = `SELECT name, record, flight FROM ${session.name('consumer')} WHERE name = $1 OR (name >= $2 AND name < $3)`
  const rows = (await session.write(text, [toText(whole), from, to])).map(([name, record, flight]) => ({
    name: fromText(name as string),
    record: JSON.parse(fromText(record as string)) as CursorRecord,
    inFlight: flight === null ? [] : (JSON.parse(fromText(flight as string)) as number[]),
  }))
  const index = ({ name }: ConsumerRow): number => shardPlace(name)?.index ?? 0
  const shards = rows.filter(({ name }) => shardPlace(name)?.whole === whole)
  return shards.length > 0 ? shards.toSorted((a, b) => index(a) - index(b)) : rows.filter(({ name }) => name === whole)
}

/** Yields what the log knows of all consumers, of the open ones as it is now. The shards of a consumer are one. */
export async function* listConsumers(
  session: Session,
  openOf: (name: string) => LogConsumer | undefined,
): AsyncGenerator<ConsumerInfo> {
  const count = (kind: string): string =>
    `(SELECT count(*) FROM ${session.name('mark')} WHERE consumer = name AND kind = '${kind}')`
  const text = `SELECT name, record, ${count('r')}, ${count('p')} FROM ${session.name('consumer')} ORDER BY name`
  let shards: ConsumerInfo[] = []
  for (const [at, record, retrying, parked] of await session.write(text)) {
    const name = fromText(at as string)
    const { cursor: stored, created, passed } = JSON.parse(fromText(record as string)) as CursorRecord
    const open = openOf(name)
    const cursor = open?.settledTo ?? stored
    const behind = Math.max(0, session.durable - cursor)
    const lag: Lag = { behind, running: 0, retrying: Number(retrying), parked: Number(parked) }
    const info = { name, cursor, created, ...defined({ passed }), lag: (await open?.lag()) ?? lag }
    const place = shardPlace(name)
    if (place === undefined) {
      yield info
      continue
    }
    shards.push(info)
    if (shards.length < place.count) continue
    yield together(place.whole, shards)
    shards = []
  }
}

function together(name: string, shards: readonly ConsumerInfo[]): ConsumerInfo {
  const [{ created, passed }] = shards as readonly [ConsumerInfo]
  const cursor = Math.min(...shards.map((each) => each.cursor))
  return { name, cursor, created, ...defined({ passed }), lag: lagOf(shards.map(({ lag }) => lag)), shards }
}

/** The shard of an event among those with these rows; undefined: unknown here. `keys`: those of the consumer's code. */
export function shardIn(
  rows: readonly ConsumerRow[],
  keys: Keys | undefined,
): ((event: StoredEvent) => number) | undefined {
  const known = [identityKeys, keys].find((each) => each?.name === rows[0]?.record.keys)
  return known && ((event) => shardOf(known.of(event), rows.length))
}

/** What is known of a consumer in this process. */
export interface Known {
  openOf(name: string): LogConsumer | undefined
  keysOf(name: string): Keys | undefined
}

/** Resolves to how far an event is at a consumer, open or not; undefined for an unknown consumer. */
export async function placeAt(
  session: Session,
  name: string,
  seq: number,
  { openOf, keysOf }: Known,
): Promise<EventPlace | undefined> {
  const { durable } = session
  const rows = await rowsOf(session, name)
  const event = rows.length > 1 ? (await readOne(session, seq))?.event : undefined
  const own = event && shardIn(rows, keysOf(name))?.(event)
  const places: EventPlace[] = []
  for (const { name: at, record: cursor } of own === undefined ? rows : [rows[own] as ConsumerRow]) {
    const stored = (): Promise<EventPlace | undefined> => storedPlace(session, at, seq)
    places.push(await eventPlace(seq, { cursor, durable, open: openOf(at), stored }))
  }
  // Where the own shard is unknown: the one that has something to tell, or that has not come to the event.
  const rank = ({ state }: EventPlace): number => ['settled', 'skipped', 'unread'].indexOf(state)
  return places.find((each) => rank(each) < 0) ?? places.toSorted((a, b) => rank(b) - rank(a))[0]
}

async function storedPlace(session: Session, name: string, seq: number): Promise<EventPlace | undefined> {
  const text = `SELECT kind, body FROM ${session.name('mark')} WHERE consumer = $1 AND seq = $2 AND kind IN ('r', 'p')`
  const [row] = await session.write(text, [toText(name), seq])
  if (row === undefined) return undefined
  const { attempts, at, error } = JSON.parse(fromText(row[1] as string)) as RetryRecord
  return { state: row[0] === MARKS.parked ? 'parked' : 'retrying', attempts, at, ...defined({ error }) }
}
