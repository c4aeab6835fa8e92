import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog } from './faults.ts'

describe('a claim whose commit failed', () => {
  for (const fate of ['keep', 'lose'] as const)
    for (const aside of [false, true])
      it(`is granted to the next caller as the same attempt (${fate}${aside ? ', aside' : ''})`, async () => {
        const clock = virtualClock()
        const source = new FaultySource()
        const { log } = await faultyLog({ source, clock })
        const slot = new Date(clock.now())
        source.next(fate)
        await assert.rejects(log.claim('j', slot, 1000, { aside }), { code: 'TIDINGS_LOG_FAILED' })
        while (log.state !== 'ready') await clock.advance(100)
        // Of two concurrent callers, only one gets it.
        const claims = await Promise.all([1, 2].map(() => log.claim('j', slot, 1000, { aside })))
        const given = claims.filter((claim) => claim !== undefined)
        assert.deepEqual(
          given.map(({ attempt }) => attempt),
          [1],
        )
        await given[0]?.done({ status: 'done' })
        assert.equal(await log.claim('j', slot, 1000), undefined)
        await log.close()
      })
})
