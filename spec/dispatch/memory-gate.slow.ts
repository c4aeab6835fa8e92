import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled } from '../../lib/filters.ts'
import { agent, listener, memoryLog, on, start } from '../../lib/index.ts'
import { virtualClock } from '../../lib/testing/index.ts'

/** More than may wait for another attempt before no new events are handed out. */
const MANY = 10_200

describe('a filter that waits', () => {
  it('holds more events than may be retried at a time, and decides them all', async (t) => {
    const clock = virtualClock()
    const log = await memoryLog({ clock, warn: () => undefined })
    t.after(() => log.close())
    const heard = new Set<number>()
    const source = on('number').pipe(settled('identifier', '1m', { per: 'identifier' }))
    const hear = listener('hear', source, (_, { event }) => void heard.add(event.seq), { from: 'start' })
    for (let n = 0; n < MANY; n += 200)
      await log.accept(Array.from({ length: 200 }, (_, i) => ({ type: 'number', identifier: `${n + i}`, data: null })))
    const running = await start(agent('a', [hear]), { log, clock, logger: false })
    for (let minutes = 0; minutes < 5 && heard.size < MANY; minutes++) await clock.advance(60_000)
    await running.stop()
    assert.equal(heard.size, MANY)
  })
})
