import { after, before, describe, it } from 'node:test'
import type { Clock } from '../../lib/core/clock.ts'
import { logSuite, type OpenedLog } from '../../lib/testing/log-suite.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { openedLog } from './opened-log.ts'
import { type Asking, asking, empty } from './schemas.ts'

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

    const opened = (schema: string, clock: Clock): Promise<OpenedLog> =>
      openedLog({ address: cluster.address, server: cluster.address, schema, clock }, async () => {
        await empty(admin, schema)
        emptied.push(schema)
      })
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
