import { defined } from '../core/defined.ts'
import { DAY } from '../core/time-units.ts'
import type { Retention } from '../log/retention.ts'
import { wholeOf } from '../log/shards.ts'
import type { ServerStats, Stats } from '../log/upkeep.ts'
import type { Session } from './session.ts'
import { oldestSnapshot } from './snapshots.ts'
import { fromText } from './text.ts'

/** The number of days over which growth is measured. */
const RECENT_DAYS = 7

/** Which tables each part of a log is in; events have an entry of their own. */
const PARTS = { identities: ['identity'], listeners: ['consumer', 'mark'] } as const

/** The size of a table. `body`: without its indexes. */
type Table = ServerStats['tables'][number]

/** See `PostgresLog.stats`. */
export async function stats(session: Session, now: number, retention: Retention | undefined): Promise<Stats> {
  const [[first, seq] = []] = await session.read(`SELECT first, seq FROM ${session.name('head')}`)
  const events = { count: Number(seq) - Number(first) + 1, first: Number(first), last: Number(seq) }
  const tables = await tablesOf(session)
  const of = (names: readonly string[]): Table[] => tables.filter(({ name }) => names.includes(name))
  const size = (names: readonly string[]): number => sum(of(names).map(({ bytes }) => bytes))
  const [event] = of(['event'])
  const all = sum(tables.map(({ bytes }) => bytes))
  const parts = { identities: size(PARTS.identities), listeners: size(PARTS.listeners) }
  const types = (event?.indexes ?? 0) + size(['type_count'])
  const bodies = (event?.bytes ?? 0) - (event?.indexes ?? 0)
  const sizes = { events: bodies, types, ...parts, state: all - bodies - types - parts.identities - parts.listeners }
  const identities = of(PARTS.identities)[0]?.rows ?? 0
  const perBody = events.count === 0 ? 0 : (bodies + types) / events.count
  const perIdentity = identities === 0 ? 0 : sizes.identities / identities
  const bodiesStay = retention?.age === undefined && retention?.count === undefined && retention?.bytes === undefined
  const stays = (bodiesStay ? perBody : 0) + (retention?.identities === undefined ? perIdentity : 0)
  const grown = await growthOf(session, now, events)
  const names = await session.read(`SELECT name FROM ${session.name('consumer')}`)
  const server: ServerStats = defined({
    perEvent: events.count === 0 ? undefined : perBody + perIdentity,
    identities,
    listeners: new Set(names.map(([name]) => wholeOf(fromText(String(name))))).size,
    tables,
    snapshot: await oldestSnapshot((text, values) => session.read(text, values)),
  })
  return {
    events,
    sizes,
    disk: all,
    growth: { ...grown, bytes: grown.events * stays },
    ...defined({ retention }),
    server,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

async function tablesOf(session: Session): Promise<readonly Table[]> {
  const rows = await session.read(
    `SELECT CASE WHEN relispartition THEN 'event' ELSE relname END AS name, sum(greatest(reltuples, 0))::bigint,
        sum(pg_total_relation_size(oid))::bigint AS bytes, sum(pg_indexes_size(oid))::bigint
      FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' GROUP BY 1 ORDER BY bytes DESC, name`,
    [`"${session.options.schema}"`],
  )
  return rows.map(([name, count, bytes, indexes]) => ({
    name: String(name),
    rows: Number(count),
    bytes: Number(bytes),
    indexes: Number(indexes),
  }))
}

async function growthOf(
  session: Session,
  now: number,
  { first, last }: Stats['events'],
): Promise<Pick<Stats['growth'], 'days' | 'events'>> {
  const week = now - RECENT_DAYS * DAY
  // Binary search: seqs have no gaps, and dates rise with them, unless they were imported.
  let [low, high] = [first, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await createdOf(session, middle)) < week) low = middle + 1
    else high = middle
  }
  // Of what was dropped, each partition has a date.
  const pruned = `SELECT coalesce(max(until) - 1, 0) FROM ${session.name('part')} WHERE newest < $1`
  const before = low > first ? low - 1 : Number((await session.read(pruned, [week]))[0]?.[0])
  // A log does not know when it was made; its oldest event tells.
  const oldest = first > 1 || last === 0 ? week : await createdOf(session, first)
  const days = Math.min(RECENT_DAYS, Math.max(1, (now - oldest) / DAY))
  return { days, events: (last - before) / days }
}

async function createdOf(session: Session, seq: number): Promise<number> {
  const [row] = await session.read(`SELECT created FROM ${session.name('event')} WHERE seq = $1`, [seq])
  return row === undefined ? Number.NEGATIVE_INFINITY : Number(row[0])
}
