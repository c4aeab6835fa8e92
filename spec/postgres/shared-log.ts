import type { TestContext } from 'node:test'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import type { Cluster } from './cluster.ts'
import { ask } from './schemas.ts'

/** A log that agents share. */
export interface SharedLog {
  readonly schema: string
  /** Opens it once more, as another agent, until the test ends. */
  open(): Promise<PostgresLog>
  /** Ends the lease of an agent, as if it had been frozen for longer. */
  expire(log: PostgresLog): Promise<unknown>
  /** Ends an agent as its death would, and its lease. */
  die(log: PostgresLog): Promise<unknown>
}

let made = 0

/** A short lease, in ms, so that a dead agent is noticed soon. */
const SHORT = 1500

/** A lease that does not end while a busy machine lets an agent wait, in ms. */
export const LONG = 10_000

/** Makes a log of its own for a test. */
export function sharedLog(t: TestContext, cluster: Cluster, lease = SHORT): SharedLog {
  made += 1
  const schema = `shared_${made}`
  const expire = ({ agent }: PostgresLog): Promise<unknown> =>
    ask(cluster.address, `UPDATE "${schema}".agent SET until = clock_timestamp() WHERE id = $1`, [agent])
  return {
    schema,
    async open() {
      const log = await openPostgres(cluster.address, { schema, lease, warn: () => undefined })
      t.after(() => log.close())
      return log
    },
    expire,
    async die(log) {
      log.abandon()
      await expire(log)
    },
  }
}
