import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { agent, listener, on, start } from '../../lib/index.ts'
import { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { afterAll } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { startProxy } from './proxy.ts'

/** A short lease, in ms. */
const LEASE = 500

/** The first takes the event from its agent when it is not alone yet; the others, when it is. */
const CUTS = 6

describe('an event that is handled alone when its agent is cut off', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  // Broken on purpose: with every lost lease counted as a crash, it is parked after six cuts.
  it('is not parked, however often: the agents live', async (t) => {
    const begun: number[] = []
    let isLast = false
    const run = async (which: number) => {
      const proxy = await startProxy(cluster.directory)
      afterAll(t, () => proxy.remove())
      const address = `postgres:///postgres?host=${encodeURIComponent(proxy.directory)}&user=tidings`
      const log = await openPostgres(address, { schema: 'cut', lease: LEASE, warn: () => undefined })
      t.after(() => log.close())
      const hear = listener('hear', on('it'), async (_, { signal }) => {
        begun.push(which)
        if (isLast) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        throw signal.reason
      })
      const running = await start(agent('home', [hear]), { log, logger: false })
      t.after(() => running.stop())
      return { log, proxy, running }
    }
    const agents = [await run(0), await run(1)]
    await agents[0]?.log.accept([{ type: 'it', identifier: 'a', data: null }])
    for (let cut = 0; cut < CUTS; cut++) {
      await until(() => begun.length > cut, 'the event to be handled')
      isLast = cut === CUTS - 1
      const holder = begun.at(-1) as number
      await agents[holder]?.proxy.cut(LEASE * 1.5)
      await until(() => begun.length > cut + 1, 'the event to be handled again')
    }
    await until(async () => {
      const states = await Promise.all(agents.map(async ({ running }) => (await running.status()).listeners[0]))
      return states.some((each) => each?.standby !== true && each?.behind === 0 && each.running + each.retrying === 0)
    }, 'the event to be settled')
    const lag = (await agents[0]?.running.status())?.listeners[0]
    assert.equal(lag?.parked, 0)
    assert.ok(new Set(begun).size === 2, 'both have handled it')
  })
})
