import pg from 'pg'
import { agent, listener, on, start } from '../../lib/index.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { type Case, speed } from './measure.ts'
import { draft, perSecond, publish } from './workload.ts'

/** How much is measured. */
export interface Sizes {
  /** New events of a case. */
  readonly events: number
  /** Events that are accepted one by one. */
  readonly awaited: number
  /** Identities among which duplicates are looked for. */
  readonly stored: number
}

/** The most rows that a raw statement writes or reads at once: as many as the log. */
const BATCH = 512

let made = 0

/** The cases of logs in PostgreSQL, at this address. Agents are logs opened in this process. */
export function postgresCases(address: string, { events, awaited, stored }: Sizes): readonly Case[] {
  const accepting = (agents: number, count: number, inFlight: number, perAccept: number): Promise<number> =>
    withLogs(address, agents, (logs) => perSecond(count, () => among(logs, count, inFlight, perAccept)))
  const write = (count: number, batch: number): Promise<number> =>
    withRaw(address, async (raw) => {
      await raw.room(count)
      return perSecond(count, () => raw.write(0, count, batch))
    })
  const atOnce = (agents: number): Case => ({
    name: `one draft an accept, 1024 in flight, ${inAgents(agents)}`,
    against: `raw batches of ${BATCH}`,
    hope: agents === 1 ? '≥ 15000/s' : '≥ one agent',
    figure: speed,
    ours: () => accepting(agents, events, 1024, 1),
    reference: () => write(events, BATCH),
  })
  const hundreds = (agents: number): Case => ({
    name: `100 drafts an accept, 16 in flight, ${inAgents(agents)}`,
    against: `raw batches of ${BATCH}`,
    hope: agents === 1 ? '≥ 15000/s' : '≥ one agent',
    figure: speed,
    ours: () => accepting(agents, events, 16, 100),
    reference: () => write(events, BATCH),
  })
  const oneByOne = (agents: number): Case => ({
    name: `awaited accepts, ${inAgents(agents)}`,
    against: 'raw awaited statements, one connection',
    hope: '≥ 0.8 ×',
    figure: speed,
    ours: () => accepting(agents, awaited, agents, 1),
    reference: () => write(awaited, 1),
  })
  return [
    ...[1, 4].flatMap((agents) => [atOnce(agents), hundreds(agents), oneByOne(agents)]),
    duplicates(address, stored, events),
    {
      name: 'replay of stored events to a trivial listener',
      against: `raw pages of ${BATCH} and JSON.parse`,
      hope: '≥ 0.3 ×',
      figure: speed,
      ours: () => replay(address, events),
      reference: () =>
        withRaw(address, async (raw) => {
          await raw.room(events)
          await raw.write(0, events, BATCH)
          return perSecond(events, () => raw.read(events))
        }),
    },
  ]
}

const inAgents = (agents: number): string => (agents === 1 ? 'one agent' : `${agents} agents`)

/** Publishes so many drafts, in equal parts and beside each other. */
function among(logs: readonly PostgresLog[], count: number, inFlight: number, perAccept: number): Promise<unknown> {
  const part = count / logs.length
  return Promise.all(
    logs.map((log, i) =>
      publish(log, { from: i * part, to: (i + 1) * part, inFlight: Math.max(1, inFlight / logs.length), perAccept }),
    ),
  )
}

function duplicates(address: string, stored: number, asked: number): Case {
  const anywhere = (i: number): number => (i * 7_919_993) % stored
  return {
    name: `duplicates, anywhere among ${stored.toLocaleString('en')}`,
    against: `raw look-ups of ${BATCH}`,
    hope: '≥ 0.5 ×',
    figure: speed,
    ours: async () =>
      withLogs(
        address,
        1,
        async ([log]) => {
          let next = 0
          const ask = async (): Promise<void> => {
            while (next < asked) {
              const first = next
              next += 100
              const again = Array.from({ length: 100 }, (_, k) => draft(anywhere(first + k)))
              const receipts = await (log as PostgresLog).accept(again)
              if (receipts.some(({ status }) => status !== 'duplicate')) throw new Error('an identity was forgotten')
            }
          }
          return perSecond(asked, () => Promise.all(Array.from({ length: 16 }, ask)))
        },
        await filledWith(address, stored),
      ),
    reference: async () =>
      withRaw(address, (raw) => perSecond(asked, () => raw.lookUp(asked, anywhere)), await filledWith(address, stored)),
  }
}

/** Publishes to nobody, and then delivers to a listener from the start. */
async function replay(address: string, count: number): Promise<number> {
  return withLogs(address, 1, async ([log]) => {
    await publish(log as PostgresLog, { from: 0, to: count, inFlight: 16, perAccept: 100 })
    const hear = listener('hear', on('pr.*'), () => undefined, { from: 'start' })
    return perSecond(count, async () => {
      const running = await start(agent('bench', [hear]), { log: log as PostgresLog, logger: false })
      await running.drained()
      await running.stop()
    })
  })
}

/** Opens a log as often as there are agents: a fresh one, which is then dropped, or that of a schema. */
export async function withLogs<T>(
  address: string,
  agents: number,
  work: (logs: readonly PostgresLog[], schema: string) => Promise<T>,
  kept?: string,
): Promise<T> {
  const schema = kept ?? `bench_${(made += 1)}`
  const logs: PostgresLog[] = []
  for (let i = 0; i < agents; i++) logs.push(await openPostgres(address, { schema }))
  try {
    return await work(logs, schema)
  } finally {
    await Promise.all(logs.map((log) => log.close()))
    if (kept === undefined) await asked(address, (client) => client.query(`DROP SCHEMA ${schema} CASCADE`))
  }
}

/** Connects for some work. */
export async function asked<T>(address: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: address })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** What a program would do without the engine, on the tables of a log. */
interface Raw {
  /** Makes the partitions for so many events, as the log does meanwhile. */
  room(count: number): Promise<unknown>
  write(from: number, to: number, batch: number): Promise<void>
  read(count: number): Promise<void>
  lookUp(count: number, pick: (i: number) => number): Promise<void>
}

function withRaw<T>(address: string, work: (raw: Raw) => Promise<T>, kept?: string): Promise<T> {
  const on = (_: unknown, schema: string): Promise<T> => asked(address, (client) => work(rawOn(client, schema)))
  return withLogs(address, 1, on, kept)
}

function rawOn(client: pg.Client, schema: string): Raw {
  const name = (table: string): string => `${schema}.${table}`
  // The event, its identity and the end of the log, in one transaction.
  const insert = `WITH new AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS n(seq, type, identifier, data)),
    one AS (INSERT INTO ${name('identity')} (type, identifier, seq) SELECT type, identifier, seq FROM new),
    two AS (INSERT INTO ${name('event')} (seq, created, type, identifier, told, data)
      SELECT seq, 1700000000000, type, identifier, true, data FROM new)
    UPDATE ${name('head')} SET seq = (SELECT max(seq) FROM new)`
  const known = `SELECT i.seq FROM unnest($1::text[], $2::text[]) AS n(type, identifier)
    JOIN ${name('identity')} i ON i.type = n.type AND i.identifier = n.identifier`
  return {
    room: (count) => client.query(`SELECT ${name('make_room_1')}($1)`, [count]),
    async write(from, to, batch) {
      for (let n = from; n < to; n += batch) {
        const drafts = Array.from({ length: Math.min(batch, to - n) }, (_, i) => draft(n + i))
        const values = [
          drafts.map((_, i) => n + i + 1),
          drafts.map(({ type }) => type),
          drafts.map(({ identifier }) => identifier),
          drafts.map(({ data }) => JSON.stringify(data)),
        ]
        await client.query({ name: 'insert', text: insert, values })
      }
    },
    async read(count) {
      const text = `SELECT * FROM ${name('event')} WHERE seq > $1 ORDER BY seq LIMIT ${BATCH}`
      for (let last = 0; last < count; ) {
        const { rows } = await client.query<{ seq: string; data: string }>({ name: 'read', text, values: [last] })
        if (rows.length === 0) throw new Error(`${last} of ${count} events`)
        for (const row of rows) JSON.parse(row.data)
        last = Number(rows.at(-1)?.seq)
      }
    },
    async lookUp(count, pick) {
      for (let i = 0; i < count; i += BATCH) {
        const drafts = Array.from({ length: BATCH }, (_, k) => draft(pick(i + k)))
        const values = [drafts.map(({ type }) => type), drafts.map(({ identifier }) => identifier)]
        const { rows } = await client.query({ name: 'known', text: known, values })
        if (rows.length !== BATCH) throw new Error('an identity is missing')
      }
    },
  }
}

const filled = new Map<number, Promise<string>>()

/** The schema of a log with so many events, filled by raw statements when it is first needed. */
function filledWith(address: string, stored: number): Promise<string> {
  const schema = `stored_${stored}`
  const fill = async (): Promise<string> => {
    await (await openPostgres(address, { schema })).close()
    await asked(address, async (client) => {
      const raw = rawOn(client, schema)
      await raw.room(stored)
      await raw.write(0, stored, BATCH)
      await client.query(`ANALYZE ${schema}.identity`)
    })
    return schema
  }
  const known = filled.get(stored) ?? fill()
  filled.set(stored, known)
  return known
}
