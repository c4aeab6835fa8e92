import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { draft, draftsOf, take } from '../../lib/testing/log-bench.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'

/** A table of one row. */
const READ_WHOLE: readonly string[] = ['head']

/** The server writes the plan of each statement, also of those in functions, to a file. */
const EXPLAINING = {
  fsync: 'off',
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  logging_collector: 'on',
  log_filename: 'plans.log',
  log_file_mode: '0644',
}

describe('the statements in the functions of a log in PostgreSQL', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster(EXPLAINING)))
  after(() => cluster.remove())

  /** The plans since the last call, of statements in functions, each with the function. */
  let read = 0
  async function plans(mark: string): Promise<readonly (readonly [name: string, plan: string])[]> {
    const directory =
      new URL(cluster.address.replace('postgres:///', 'postgres://host/')).searchParams.get('host') ?? ''
    const path = join(directory, 'data/log/plans.log')
    await ask(cluster.address, `SELECT '${mark}'`)
    const text = await until(() => {
      const all = readFileSync(path, 'utf8').slice(read)
      return all.includes(`SELECT '${mark}'`) && all
    }, 'the plans')
    read += text.length
    return text.split(/^(?=\S+ \S+ \S+ \[\d+\] LOG: )/m).flatMap((entry) => {
      const [, name] = /CONTEXT: [^]*?SQL function "?(?:plans\.)?(\w+)/.exec(entry) ?? []
      return name === undefined ? [] : [[name, entry] as const]
    })
  }

  async function use(log: PostgresLog, round: string): Promise<void> {
    await log.accept([draft(`${round} 1`), draft(`${round} 2`)], { state: [{ namespace: 'n', key: 'k', value: 1 }] })
    await log.accept([draft(`${round} 1`)])
    await log.accept([{ ...draft(`${round} v`), version: round }, draft(`${round} 3`)])
    await log.preview([draft('preview')])
    const consumer = await log.consumer(`mail ${round}`, { start: (await log.last()) - 3 })
    const [first, second, third] = await take(consumer, 3)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    consumer.ack(first)
    consumer.retry(second, { at: Date.now() + 60_000, error: new Error('later') })
    consumer.park(third, { error: new Error('never') })
    await consumer.flush()
    const hold = await log.hold(`job/${round}`, AbortSignal.abort())
    const claim = await hold?.log?.claim(`job ${round}`, new Date(1), 1000)
    await hold?.log?.accept([draft(`${round} 4`)])
    await claim?.done('done')
    await hold?.release()
  }

  it('use indexes, and are not compiled, with few rows and with many', async (t) => {
    const log = await openPostgres(`${cluster.address}&schema=plans`, { warn: () => undefined })
    t.after(() => log.close())
    await plans('made')
    for (const round of ['few', 'many']) {
      await use(log, round)
      const found = await plans(round)
      const names = new Set(found.map(([name]) => name))
      for (const name of [
        'accept_1',
        'put_state',
        'save_1',
        'hold_1',
        'take_hold_1',
        'fenced_1',
        'put_slots',
        'put_runs',
        'alive',
      ])
        assert.ok(names.has(name), `${name} in ${round}: ${[...names].join()}`)
      for (const [name, plan] of found) {
        const scanned = [...plan.matchAll(/Seq Scan on (\w+)/g)].map(([, table]) => table as string)
        assert.deepEqual(
          scanned.filter((table) => !READ_WHOLE.includes(table)),
          [],
          `${name}, ${round}: ${plan}`,
        )
        assert.doesNotMatch(plan, /JIT:|Hash Join|Merge Join/, `${name}, ${round}`)
      }
      for (let from = 0; from < 5000; from += 500) await log.accept(draftsOf(500, `${round} ${from} `))
      await ask(cluster.address, 'ANALYZE')
      await plans(`after ${round}`)
    }
  })
})
