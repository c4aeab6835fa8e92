import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Draft } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'
import type { OpenPeer } from './peer.ts'
import { identities, withSeen } from './seen.ts'

/** What is used of pg-boss. */
interface PgBoss {
  on(event: 'error', listener: (error: Error) => void): unknown
  start(): Promise<unknown>
  createQueue(name: string): Promise<void>
  insert(jobs: readonly { name: string; data: Draft }[], options: { db: Database }): Promise<unknown>
  work(name: string, options: object, work: (jobs: readonly { data: Draft }[]) => Promise<void>): Promise<string>
  notifyWorker(id: string): void
  getQueueSize(name: string, options: { before: 'completed' }): Promise<number>
  stop(options: object): Promise<void>
}

interface Database {
  executeSql(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

/** How many jobs its worker fetches and completes at once. */
const BATCH = 500

const QUEUE = 'events'

const INSERT = `INSERT INTO seen SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
  RETURNING type, identifier`

/** pg-boss: a `singletonKey` is free once the job is done, so a table of identities decides. */
export const open: OpenPeer = async ({ packages, address }) => {
  const Boss = createRequire(join(packages, 'package.json'))('pg-boss') as new (options: object) => PgBoss
  const pool = await withSeen(address)
  const boss = new Boss({ connectionString: address })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(QUEUE)
  let worker: string | undefined
  const wake = (): void => {
    if (worker !== undefined) boss.notifyWorker(worker)
  }
  return {
    async accept(drafts) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const { rows } = await client.query<Draft>({ name: 'seen', text: INSERT, values: [...identities(drafts)] })
        const found = new Set(rows.map(({ type, identifier }) => `${type} ${identifier}`))
        const jobs = drafts.flatMap((data) =>
          found.has(`${data.type} ${data.identifier}`) ? [{ name: QUEUE, data }] : [],
        )
        const db: Database = { executeSql: (text, values) => client.query(text, values) }
        if (jobs.length > 0) await boss.insert(jobs, { db })
        await client.query('COMMIT')
        if (jobs.length > 0) wake()
      } finally {
        client.release()
      }
    },
    async listen(handle) {
      const work = async (jobs: readonly { data: Draft }[]): Promise<void> => {
        for (const { data } of jobs) handle(data.identifier)
        // It would sleep after a full batch too.
        if (jobs.length === BATCH) wake()
      }
      worker = await boss.work(QUEUE, { batchSize: BATCH, pollingIntervalSeconds: 0.5 }, work)
    },
    acked: () =>
      until(async () => (await boss.getQueueSize(QUEUE, { before: 'completed' })) === 0 || (await sleep(5)), 'acks'),
    async close() {
      await boss.stop({ graceful: false })
      await pool.end()
    },
  }
}
