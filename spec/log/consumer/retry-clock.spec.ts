import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openLog } from '../../../lib/level/open-log.ts'
import { draft, take } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

it('a retry decided while the clock was ahead waits no longer than its pause once the clock is right', async (t) => {
  const directory = temporaryDirectory(t)
  const ahead = virtualClock(new Date('2030-01-01T00:00:00Z'))
  const first = await openLog(directory, { clock: ahead })
  await first.accept([draft('1')])
  const consumer = await first.consumer('c', { start: 'start' })
  const [handed] = await take(consumer, 1)
  assert.ok(handed !== undefined)
  consumer.retry(handed, { at: ahead.now() + 60_000 })
  await first.close()
  const right = virtualClock(new Date('2026-01-01T00:00:00Z'))
  await using second = await openLog(directory, { clock: right })
  const again = await second.consumer('c', { start: 'start' })
  let attempt: number | undefined
  const pulled = take(again, 1).then(([next]) => (attempt = next?.attempt))
  await right.advance(59_000)
  assert.equal(attempt, undefined)
  await right.advance(1000)
  await pulled
  assert.equal(attempt, 2)
})
