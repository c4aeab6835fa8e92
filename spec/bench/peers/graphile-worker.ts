import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Draft } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'
import type { OpenPeer } from './peer.ts'
import { identities, withSeen } from './seen.ts'

/** What is used of graphile-worker. */
interface GraphileWorker {
  readonly Logger: new (factory: () => () => void) => object
  run(options: object): Promise<{ stop(): Promise<void> }>
}

/** The settings with which it handles many small jobs: it fetches and completes them by hundreds. */
const WORKER = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0 }

/** Adds jobs for the drafts that are new, in one statement. */
const ACCEPT = `
  WITH given AS (SELECT * FROM unnest($1::text[], $2::text[], $3::json[]) AS g(type, identifier, payload)),
    new AS (INSERT INTO seen SELECT type, identifier FROM given ON CONFLICT DO NOTHING RETURNING type, identifier),
    jobs AS (SELECT array_agg(ROW('hear', payload, null, null, null, null, null, null)::graphile_worker.job_spec) AS specs
      FROM given JOIN new USING (type, identifier))
  SELECT count(*) FROM jobs, LATERAL graphile_worker.add_jobs(specs) WHERE specs IS NOT NULL`

/** graphile-worker: its `job_key` is free once the job is done, so a table of identities decides. */
export const open: OpenPeer = async ({ packages, address }) => {
  const { run, Logger } = createRequire(join(packages, 'package.json'))('graphile-worker') as GraphileWorker
  const pool = await withSeen(address)
  let runner: Awaited<ReturnType<GraphileWorker['run']>> | undefined
  return {
    async accept(drafts) {
      const values = [...identities(drafts), drafts.map((draft) => JSON.stringify(draft))]
      await pool.query({ name: 'accept', text: ACCEPT, values })
    },
    async listen(handle) {
      runner = await run({
        connectionString: address,
        noHandleSignals: true,
        logger: new Logger(() => () => undefined),
        taskList: { hear: ({ identifier }: Draft) => handle(identifier) },
        preset: { worker: WORKER },
      })
    },
    // It deletes what is done.
    acked: () =>
      until(async () => {
        const { rowCount } = await pool.query('SELECT 1 FROM graphile_worker._private_jobs LIMIT 1')
        return rowCount === 0 || (await sleep(5))
      }, 'the acks of graphile-worker'),
    async close() {
      await runner?.stop()
      await pool.end()
    },
  }
}
