import { monotonic } from '../core/clock.ts'
import { quote, TidingsError } from '../core/errors.ts'
import { type HandOutOptions, hears } from '../log/consumer/hand-out.ts'
import { LogConsumer } from '../log/consumer/log-consumer.ts'
import {
  type Beginning,
  beginningOf,
  begunAt,
  movedTo,
  type StoredConsumer,
  storedConsumer,
} from '../log/consumer/stored-consumer.ts'
import type { Consumer, ConsumerOptions, Start } from '../log/port.ts'
import { shardPlace, wholeOf } from '../log/shards.ts'
import { recordsOf } from './consumer-records.ts'
import { type ConsumerRow, rowsOf } from './consumer-rows.ts'
import { type ConsumerStoreParts, PostgresConsumerStore } from './consumer-store.ts'
import { readEvents } from './reads.ts'
import { newRows } from './reshape.ts'
import type { Session } from './session.ts'
import { toText } from './text.ts'

/** A consumer that begins, and that nothing is stored of. */
export async function newConsumer(parts: ConsumerStoreParts, name: string, start: Start): Promise<StoredConsumer> {
  const cursor = begunAt(await beginning(parts, start), parts.clock.now())
  return { name, origin: 'new', cursor, waiting: [], parked: [], suspects: new Map() }
}

/** Stores a new consumer. Another agent may do so at the same time: then it is known. */
export async function createConsumer(
  parts: ConsumerStoreParts,
  name: string,
  options: ConsumerOptions,
): Promise<Consumer['origin']> {
  const { session, clock } = parts
  const rows = newRows(name, begunAt(await beginning(parts, options.start), clock.now()), options)
  const text = `INSERT INTO ${session.name('consumer')} (name, record) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT DO NOTHING RETURNING 1`
  const values = [rows.map((row) => toText(row.name)), rows.map(({ record }) => toText(JSON.stringify(record)))]
  return (await session.write(text, values)).length > 0 ? 'new' : 'known'
}

/** What is stored of a consumer or a shard. One that was known is moved, if its options say so. */
export async function loadConsumer(
  parts: ConsumerStoreParts,
  store: PostgresConsumerStore,
  name: string,
  options: HandOutOptions,
  isKnown: boolean,
): Promise<Omit<StoredConsumer, 'name' | 'origin'>> {
  const { session, saves } = parts
  const row = (await rowsOf(session, wholeOf(name))).find((each) => each.name === name)
  if (row === undefined) throw new TidingsError('TIDINGS_LOG_LOCKED', `another agent has taken ${quote(name)} over`)
  let { record: cursor } = row
  if (isKnown && options.move === true) {
    cursor = movedTo(await beginning(parts, options.start), cursor)
    await saves.note(store, [{ kind: 'cursor', record: cursor }])
  }
  const { records, suspects } = await marksOf(session, [row])
  store.suspects = suspects
  return storedConsumer(store, { ...records, cursor }, hears(options), monotonic(store.clock).now())
}

/** A consumer that another agent has: it can be looked at, and writes nothing. */
export async function seenConsumer(
  parts: ConsumerStoreParts,
  name: string,
  options: ConsumerOptions,
): Promise<LogConsumer> {
  const store = new PostgresConsumerStore(parts, name)
  const rows = await rowsOf(parts.session, wholeOf(name))
  const own = rows.filter((row) => row.name === name)
  // It has another shape yet: a whole is what its shards are, and of the shards the first is what their whole is.
  const shown = own.length > 0 ? own : rows.toSorted((a, b) => a.record.cursor - b.record.cursor)
  const isShown = own.length > 0 || (shardPlace(name)?.index ?? 0) === 0
  const { records } = await marksOf(parts.session, isShown ? shown : [])
  const found = { ...records, cursor: (shown[0] as ConsumerRow).record }
  const loaded = await storedConsumer(store, found, hears(options), monotonic(store.clock).now())
  const seen = new LogConsumer(store, { name, origin: 'known' as const, ...loaded }, options)
  seen.lost()
  return seen
}

async function marksOf(session: Session, rows: readonly ConsumerRow[]): Promise<ReturnType<typeof recordsOf>> {
  const living = `SELECT id FROM ${session.name('agent')} WHERE until > clock_timestamp()`
  const alive = new Set((await session.write(living)).map(([id]) => id))
  const text = `SELECT kind, seq, body FROM ${session.name('mark')} WHERE consumer = ANY ($1) ORDER BY seq`
  const marks = await session.write(text, [rows.map(({ name }) => toText(name))])
  return recordsOf(
    marks,
    rows.flatMap(({ inFlight }) => inFlight),
    alive,
  )
}

async function beginning({ session, clock }: ConsumerStoreParts, start: Start): Promise<Beginning> {
  const [[last] = []] = await session.write(`SELECT seq FROM ${session.name('head')}`)
  session.reached(Number(last))
  return beginningOf(start, clock.now(), {
    first: session.first,
    durable: session.durable,
    async firstSince(since) {
      for await (const { event } of readEvents(session, { since, limit: 1 }, session.durable)) return event.seq
      return undefined
    },
  })
}
