import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog } from '../../lib/log/open-log.ts'
import { draft, draftsOf, refused, seqs } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'

const HOUR = 3_600_000

describe('a log that was opened with a retention', () => {
  it('keeps to it, soon after it is opened and then each hour, until it is closed', async () => {
    const clock = virtualClock()
    const log = await memoryLog({ clock, retention: { count: 3 } })
    await log.accept(draftsOf(5))
    assert.deepEqual((await log.stats()).retention, { count: 3 })
    await clock.advance(9_999)
    assert.equal((await seqs(log)).length, 5)
    await clock.advance(1)
    assert.deepEqual(await seqs(log), [3, 4, 5])
    await log.accept([draft('6')])
    await clock.advance(HOUR)
    assert.deepEqual(await seqs(log), [4, 5, 6])
    await log.close()
    assert.equal(clock.timers, 0)
  })

  it('drops identities once a day', async () => {
    const clock = virtualClock()
    await using log = await memoryLog({ clock, retention: { count: 0, identities: '2h' } })
    await log.accept(draftsOf(5))
    await clock.advance(23 * HOUR)
    assert.equal((await log.accept(draftsOf(1)))[0]?.status, 'duplicate')
    await clock.advance(2 * HOUR)
    assert.equal((await log.accept(draftsOf(1)))[0]?.status, 'new')
  })

  it('is refused a retention that is none, before anything is opened', async () => {
    await assert.rejects(memoryLog({ retention: {} }), refused('TIDINGS_LOG_INVALID', { path: 'retention' }))
  })

  it('keeps everything without one', async () => {
    const clock = virtualClock()
    await using log = await memoryLog({ clock })
    await log.accept(draftsOf(5))
    await clock.advance(1000 * HOUR)
    assert.equal((await seqs(log)).length, 5)
    assert.equal(clock.timers, 0)
  })
})
