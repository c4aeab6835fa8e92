import { after, before, describe, it } from 'node:test'
import type { Clock } from '../../lib/core/clock.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { logSuite, type OpenedLog } from '../../lib/testing/log-suite.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Asking, asking, cut, empty } from './schemas.ts'

/** The laws of every log, each with this many values: every second of them, so that two files can share the work. */
export function postgresLogSuite(half: 'odd' | 'even', runs: number): void {
  describe(`a log in PostgreSQL: the ${half} laws, ${runs} values each`, () => {
    let cluster: Cluster
    let admin: Asking
    let made = 0
    // To make a log, and to drop it, takes longer than most laws.
    const emptied: string[] = []
    before(async () => {
      cluster = await startCluster({ fsync: 'off' })
      admin = await asking(cluster.address)
    })
    after(async () => {
      await admin.end()
      await cluster.remove()
    })

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
          await empty(admin, schema)
          emptied.push(schema)
        },
      }
    }
    let laws = 0
    logSuite({
      test(name, run) {
        laws += 1
        if (laws % 2 === (half === 'odd' ? 1 : 0)) it(name, run)
      },
      open: (clock) => opened(emptied.pop() ?? `log_${(made += 1)}`, clock),
      patience: 60_000,
      runs,
    })
  })
}
