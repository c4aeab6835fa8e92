import { after, before, describe, it } from 'node:test'
import type { Clock } from '../../lib/core/clock.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { logSuite, type OpenedLog } from '../../lib/testing/log-suite.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { cut, drop } from './schemas.ts'

describe('a log in PostgreSQL', () => {
  let cluster: Cluster
  let made = 0
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  const opened = async (schema: string, clock: Clock): Promise<OpenedLog> => {
    const log = await openPostgres(cluster.address, { schema, clock, warn: () => undefined })
    return {
      log,
      async reopen(how) {
        if (how === 'close') await log.close()
        else await cut(cluster.address, schema, log)
        return opened(schema, clock)
      },
      async remove() {
        await log.close()
        await drop(cluster.address, schema)
      },
    }
  }
  logSuite({
    test: it,
    open: (clock) => {
      made += 1
      return opened(`log_${made}`, clock)
    },
    patience: 60_000,
    runs: Number(process.env['TIDINGS_RUNS'] ?? 20),
  })
})
