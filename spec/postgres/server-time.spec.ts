import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { elapsed, systemClock } from '../../lib/core/clock.ts'
import { ServerTime } from '../../lib/postgres/log-clock.ts'

const about = (now: number, expected: number): void => assert.ok(now >= expected && now < expected + 500, String(now))

describe('the time of a server', () => {
  it('runs on from what was heard, whatever the clock of this machine says', (t) => {
    const { now } = systemClock
    t.mock.method(systemClock, 'now', () => now() + 3_600_000)
    const time = new ServerTime()
    time.heard(1_000_000, elapsed())
    about(time.clock.now(), 1_000_000)
    time.heard(2_000_000, elapsed())
    about(time.clock.now(), 2_000_000)
    time.heard(1_500_000, elapsed())
    about(time.clock.now(), 1_500_000)
  })

  it('stays as it is known while a slow answer allows that', () => {
    const time = new ServerTime()
    time.heard(1_000_000, elapsed())
    time.heard(1_000_000, elapsed() - 2000)
    about(time.clock.now(), 1_000_000)
    // It took 2 s at most: half of that is in doubt.
    time.heard(1_002_500, elapsed() - 2000)
    about(time.clock.now(), 1_003_500)
  })
})
