import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'
import { autoPrune } from '../../lib/log/auto-prune.ts'
import { draft, draftsOf, refused, seqs } from '../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'
import { filterFromStart, levelLog } from '../support/level-log.ts'

const HOUR = 3_600_000

/** Makes a log on the records of an earlier process. */
function reopened(source: DatabaseSource, clock: VirtualClock): Promise<LevelLog> {
  return levelLog({ source, clock, ...filterFromStart(), warn: () => undefined })
}

describe('a log with a retention', () => {
  it('prunes soon after it is opened and then each hour, until it is closed', async () => {
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

  it('rejects an invalid retention before anything is opened', async () => {
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

describe('a clock that is ahead', () => {
  const DAY = 24 * HOUR
  const YEAR = 365 * DAY

  it('prunes nothing by age at once, within one process or over a restart, until it is right again', async () => {
    for (const restart of [false, true]) {
      const clock = virtualClock()
      const source = memoryDatabase()
      const retention = { age: '30d', identities: '90d' } as const
      let log = await reopened(source, clock)
      autoPrune(retention, { log, clock, warn: () => undefined })
      await log.accept(draftsOf(5))
      await clock.advance(2 * HOUR)
      if (restart) await log.close()
      clock.step(4 * YEAR)
      if (restart) {
        log = await reopened(source, clock)
        autoPrune(retention, { log, clock, warn: () => undefined })
      }
      await clock.advance(5 * HOUR)
      assert.equal((await seqs(log)).length, 5)
      assert.equal((await log.accept(draftsOf(1)))[0]?.status, 'duplicate')
      clock.step(-4 * YEAR)
      await clock.advance(31 * DAY)
      assert.equal((await seqs(log)).length, 0)
      assert.equal((await log.accept(draftsOf(1)))[0]?.status, 'duplicate')
      await log.close()
    }
  })

  it('is trusted once it has stayed there for a day: the machine was off for a year', async () => {
    const clock = virtualClock()
    const warned: string[] = []
    await using log = await reopened(memoryDatabase(), clock)
    autoPrune({ age: '30d' }, { log, clock, warn: (message) => warned.push(message) })
    await log.accept(draftsOf(5))
    await clock.advance(2 * HOUR)
    clock.step(YEAR)
    await clock.advance(20 * HOUR)
    assert.equal((await seqs(log)).length, 5)
    await clock.advance(6 * HOUR)
    assert.deepEqual(await seqs(log), [])
    assert.equal(warned.filter((message) => message.includes('jumped ahead')).length, 1)
  })

  it('does not affect a retention by count', async () => {
    const clock = virtualClock()
    await using log = await reopened(memoryDatabase(), clock)
    autoPrune({ age: '30d', count: 3 }, { log, clock, warn: () => undefined })
    await clock.advance(2 * HOUR)
    clock.step(YEAR)
    await log.accept(draftsOf(5))
    await clock.advance(2 * HOUR)
    assert.equal((await seqs(log)).length, 3)
  })
})
