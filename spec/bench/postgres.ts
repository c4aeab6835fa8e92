// Measures logs in PostgreSQL, on a server of its own that syncs to the disk: `--rounds N` (default 3), `--events N` a case,
// `--stored N` identities for duplicates, `--only WORDS`, `--json`, `--write` to docs/performance.md.
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { startCluster } from '../postgres/cluster.ts'
import { measure, shown } from './measure.ts'
import { writePage } from './page.ts'
import { postgresCases } from './postgres-cases.ts'
import { costs, takeOvers, wakeUps } from './postgres-times.ts'
import type { Measured, PostgresResults } from './results.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '60000' },
    stored: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const [rounds, events, stored] = [values.rounds, values.events, values.stored].map(Number) as [number, number, number]
const { only } = values

const load = loadavg()[0] as number
const cluster = await startCluster({ shared_buffers: '256MB', max_wal_size: '4GB' })
try {
  const { address } = cluster
  const cases: Measured[] = []
  for (const each of postgresCases(address, { events, awaited: Math.ceil(events / 30), stored })) {
    if (!each.name.includes(only ?? '')) continue
    process.stderr.write(`${each.name} …\n`)
    cases.push(await measure(each, rounds))
  }
  if (only === undefined) {
    process.stderr.write('times and costs …\n')
    const times = [...(await wakeUps(address, Math.ceil(events / 100))), ...(await takeOvers(address, rounds))]
    const results: PostgresResults = {
      cases,
      rounds,
      times,
      costs: await costs(address, events),
      load,
      processors: cpus().length,
    }
    if (values.json) console.log(JSON.stringify(results, null, 2))
    else {
      console.table(shown(cases))
      console.table(times)
      console.dir(results.costs)
    }
    if (values.write) writePage({ postgres: results })
  } else console.table(shown(cases))
} finally {
  await cluster.remove()
}
