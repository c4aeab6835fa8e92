import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, listener, on, start } from '../../lib/index.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { quantile } from './measure.ts'
import { asked, withLogs } from './postgres-cases.ts'
import type { Costs, Times } from './results.ts'
import { draft, publish } from './workload.ts'

/** From a publish until a handler begins: of another agent, and of the same. */
export async function wakeUps(address: string, rounds: number): Promise<readonly Times[]> {
  const from = (publisher: number) =>
    withLogs(address, 2, async (logs) => {
      const [here, there] = logs as [PostgresLog, PostgresLog]
      let heard: () => void = () => undefined
      const running = await start(agent('bench', [listener('hear', on('pr.opened'), () => heard())]), {
        log: there,
        logger: false,
      })
      const took: number[] = []
      for (let i = 0; i < rounds; i++) {
        const handled = new Promise<void>((resolve) => (heard = resolve))
        const began = performance.now()
        await [here, there][publisher]?.accept([draft(i)])
        await handled
        took.push(performance.now() - began)
        // Not in step with what is done ten times a second.
        await sleep(5 + (i % 13))
      }
      await running.stop()
      return took
    })
  return [
    times('publish on one agent → handler on another', 'p50 ≤ 5 ms', await from(0)),
    times('publish → handler on the same agent', 'p50 ≤ 5 ms', await from(1)),
  ]
}

/** From the end of the agent that handles a listener until another handles an event. */
export async function takeOvers(address: string, rounds: number): Promise<readonly Times[]> {
  const after = async (end: (log: PostgresLog, stop: () => Promise<void>) => unknown): Promise<number[]> => {
    const took: number[] = []
    for (let i = 0; i < rounds; i++)
      took.push(
        await withLogs(address, 2, async (logs) => {
          const [one, other] = logs as [PostgresLog, PostgresLog]
          let heard: (who: string) => void = () => undefined
          const run = (log: PostgresLog, who: string) =>
            start(agent('bench', [listener('hear', on('pr.opened'), () => heard(who))]), { log, logger: false })
          const hears = (who: string) =>
            new Promise<void>((resolve) => (heard = (by) => void (by === who && resolve())))
          const running = await run(one, 'one')
          const handled = hears('one')
          await one.accept([draft(0)])
          await handled
          const standby = await run(other, 'other')
          // Its delivery is settled, and the other stands by.
          await sleep(1000 + 97 * i)
          const takenOver = hears('other')
          const began = performance.now()
          void end(one, () => running.stop())
          await other.accept([draft(1)])
          await takenOver
          const taken = performance.now() - began
          await standby.stop()
          await running.stop()
          return taken
        }),
      )
    return took
  }
  return [
    times('take-over of a listener, after its agent stops', '≤ 1 s', await after((_, stop) => stop())),
    times('take-over of a listener, after its agent dies (lease 10 s)', '≤ 15 s', await after((log) => log.abandon())),
  ]
}

function times(name: string, hope: string, took: readonly number[]): Times {
  return { name, hope, count: took.length, p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}

/** What an event costs: bytes on the disk, and processor time in the server and in the agent, in µs. */
export async function costs(address: string, events: number): Promise<Costs> {
  return withLogs(address, 1, async ([log], schema) => {
    const spent = async (work: () => Promise<unknown>): Promise<{ server: number; agent: number }> => {
      const [before, own] = [await serverTime(address), process.cpuUsage()]
      await work()
      const { user, system } = process.cpuUsage(own)
      return { server: ((await serverTime(address)) - before) / events, agent: (user + system) / events }
    }
    const position = () => number(address, 'SELECT pg_current_wal_insert_lsn() - $1::pg_lsn', ['0/0'])
    const began = await position()
    const accepted = await spent(() =>
      publish(log as PostgresLog, { from: 0, to: events, inFlight: 16, perAccept: 100 }),
    )
    const written = (await position()) - began
    const hear = listener('hear', on('pr.*'), () => undefined, { from: 'start' })
    const delivered = await spent(async () => {
      const running = await start(agent('bench', [hear]), { log: log as PostgresLog, logger: false })
      await running.drained()
      await running.stop()
    })
    const size = async (table: string): Promise<number> => (await number(address, SIZE, [schema, table])) / events
    const disk = { event: await size('event'), identity: await size('identity'), journal: written / events }
    return { events, accepted, delivered, disk }
  })
}

/** The bytes of the tables with this prefix, with their indexes. */
const SIZE = `SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname ^@ $2`

async function number(address: string, text: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await asked(address, (client) =>
    client.query<unknown[]>({ text, values: [...values], rowMode: 'array' }),
  )
  return Number(rows[0]?.[0])
}

/** The processor time of the server's processes that live, in µs. Linux only. */
async function serverTime(address: string): Promise<number> {
  const pids = await asked(address, (client) => client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity'))
  // Of /proc/PID/stat after the name: the 12th and 13th number, in hundredths of a second.
  const ticks = pids.rows.map(({ pid }) => {
    try {
      const numbers = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return Number(numbers[11]) + Number(numbers[12])
    } catch {
      // The connection that has asked.
      return 0
    }
  })
  return ticks.reduce((sum, each) => sum + each, 0) * 10_000
}
