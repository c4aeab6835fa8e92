import type { Clock } from '../../lib/core/clock.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import type { OpenedLog } from '../../lib/testing/log-suite.ts'
import { cut } from './schemas.ts'

/** Where a log for `logSuite` is. `server`: the address by which its connections are cut, also behind a pooler. */
export interface LogPlace {
  readonly address: string
  readonly server: string
  readonly schema: string
  readonly clock: Clock
}

/** Opens a log for `logSuite`. `remove` removes what is in its schema. */
export async function openedLog(place: LogPlace, remove: () => Promise<void>): Promise<OpenedLog> {
  const { address, server, schema, clock } = place
  const log = await openPostgres(address, { schema, clock, warn: () => undefined })
  return {
    log,
    async reopen(how) {
      if (how === 'close') await log.close()
      else await cut(server, schema, log)
      return openedLog(place, remove)
    },
    async remove() {
      await log.close()
      await remove()
    },
  }
}
