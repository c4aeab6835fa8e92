import { quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { CursorRecord } from '../log/consumer/consumer-store.ts'
import { mergedShards } from '../log/consumer/merged-shards.ts'
import type { ConsumerOptions } from '../log/port.ts'
import { type Keys, SHARDS, shardName, shardOf } from '../log/shards.ts'
import { isRefused } from './connection.ts'
import { type ConsumerRow, rowsOf, shardIn } from './consumer-rows.ts'
import { readAfter } from './reads.ts'
import { EVENT_COLUMNS, toRecord } from './rows.ts'
import type { Session } from './session.ts'
import { toText } from './text.ts'

/** The number of events that are read at a time. */
const PAGE = 512

/** How a consumer is to be kept: whole, or in shards by these keys. */
export type Shape = Pick<ConsumerOptions, 'keys' | 'shared'>

/** Whether rows are as a consumer with these options keeps them. Who has no keys only looks, and takes any. */
export function isShaped(rows: readonly ConsumerRow[], { keys, shared = false }: Shape): boolean {
  return keys === undefined || rows[0]?.record.keys === (shared ? keys.name : undefined)
}

/** The names of the rows that a new consumer needs, and what they begin with. */
export function newRows(whole: string, record: CursorRecord, { keys, shared = false }: Shape): readonly ConsumerRow[] {
  if (!shared || keys === undefined) return [{ name: whole, record, inFlight: [] }]
  return Array.from({ length: SHARDS }, (_, i) => {
    return { name: shardName(whole, i, SHARDS), record: { ...record, keys: keys.name }, inFlight: [] }
  })
}

/**
 * Makes the shards of a consumer one, or one into shards, or shards by other keys: no other agent may have any of them. What
 * waits, is parked or was in flight goes along, in the same transaction.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` while another agent has one; `TIDINGS_LOG_INVALID` if the shards have handled
 *   different events, and the keys have changed
 */
export async function reshape(session: Session, whole: string, shape: Shape & { readonly keys: Keys }): Promise<void> {
  const { agent } = session.options
  const table = session.name('consumer')
  const names = (await rowsOf(session, whole)).map(({ name }) => toText(name))
  const inUse = `SELECT 1 FROM ${table} WHERE name = ANY ($1) AND holder <> $2::uuid AND ${session.name('alive')}(holder)`
  if ((await session.write(inUse, [names, agent])).length > 0) throw inTheWay(whole)
  try {
    const epochs: unknown[] = []
    for (const name of names) {
      const [[epoch] = []] = await session.write(`SELECT o_epoch FROM ${session.name('hold_1')}($1, $2)`, [name, agent])
      if (epoch === null || epoch === undefined) throw inTheWay(whole)
      epochs.push(epoch)
    }
    const rows = await rowsOf(session, whole)
    const [[last] = []] = await session.write(`SELECT seq FROM ${session.name('head')}`)
    session.reached(Number(last))
    const made = await reshaped(session, whole, rows, shape)
    await session.write(`SELECT ${session.name('reshape_1')}($1, $2, $3, $4, $5, $6, $7)`, [names, epochs, ...made])
  } catch (error) {
    await session.write(`UPDATE ${table} SET holder = NULL WHERE name = ANY ($1) AND holder = $2`, [names, agent])
    throw isRefused(error, 'fenced') ? inTheWay(whole) : error
  }
}

function inTheWay(whole: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_LOCKED', `another agent handles ${quote(whole)} in another way`)
}

function otherKeys(whole: string): (event: StoredEvent) => never {
  return ({ seq }) => {
    const words =
      `listener ${quote(whole)} was shared by another function (ordered), and not all of its shards have handled event ` +
      `${seq}: run the former code until they have, or reset the listener`
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { listener: whole, seq } })
  }
}

// The new rows, and the row of each event that has marks, as arrays for the function.
async function reshaped(
  session: Session,
  whole: string,
  rows: readonly ConsumerRow[],
  shape: Shape & { readonly keys: Keys },
): Promise<readonly unknown[]> {
  const [first] = rows as readonly [ConsumerRow]
  const record =
    first.record.keys === undefined
      ? first.record
      : await mergedShards(
          rows.map((row) => row.record),
          {
            shardOf: shardIn(rows, shape.keys) ?? otherKeys(whole),
            read: (after) => readAfter(session, after, PAGE),
          },
        )
  const made = newRows(whole, record, shape)
  const marks = `SELECT DISTINCT seq FROM ${session.name('mark')} WHERE consumer = ANY ($1)`
  const marked = (await session.write(marks, [rows.map(({ name }) => toText(name))])).map(([seq]) => Number(seq))
  const flight = rows.flatMap(({ inFlight }) => inFlight)
  const indexes = await indexesOf(session, [...new Set([...marked, ...flight])], (event) =>
    shardOf(shape.keys.of(event), made.length),
  )
  const indexOf = (seq: number): number => indexes.get(seq) ?? 0
  return [
    made.map(({ name }) => toText(name)),
    made.map((row) => toText(JSON.stringify(row.record))),
    made.map((_, i) => {
      const own = flight.filter((seq) => indexOf(seq) === i)
      return own.length === 0 ? null : JSON.stringify(own)
    }),
    marked,
    marked.map((seq) => toText((made[indexOf(seq)] as ConsumerRow).name)),
  ]
}

async function indexesOf(
  session: Session,
  seqs: readonly number[],
  indexOf: (event: StoredEvent) => number,
): Promise<ReadonlyMap<number, number>> {
  const indexes = new Map<number, number>()
  const text = `SELECT ${EVENT_COLUMNS} FROM ${session.name('event')} WHERE seq = ANY ($1)`
  for (let i = 0; i < seqs.length; i += PAGE)
    for (const row of await session.write(text, [seqs.slice(i, i + PAGE)])) {
      const { event } = toRecord(row)
      indexes.set(event.seq, indexOf(event))
    }
  return indexes
}
