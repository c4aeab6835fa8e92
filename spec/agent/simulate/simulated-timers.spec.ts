import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { interval, map } from 'rxjs'
import { simulate } from '../../../lib/agent/simulate/simulate.ts'
import { withSimulatedTimers } from '../../../lib/agent/simulate/simulated-timers.ts'
import { agent, always, eventType, every, job, listener, on } from '../../../lib/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

const from = new Date('2026-01-01T00:00:00Z')
const note = eventType('note').of<null>()
const sleep = promisify(setTimeout)

describe('in simulated time,', () => {
  it('runs and handlers wait for it with setTimeout and with operators of RxJS', async () => {
    const heard: string[] = []
    const made = agent('waits', [
      job('endless', always(), () => interval(600_000).pipe(map((n) => note(String(n), null)))),
      job('slow', every().hour, async ({ slot }) => {
        await new Promise((resolve) => setTimeout(resolve, 90_000))
        return note(slot.toISOString(), null)
      }),
      listener('hears', on(note), async () => {
        await new Promise((resolve) => setTimeout(resolve, 5000))
        heard.push(new Date().toISOString().slice(11, 19))
      }),
    ])
    const timeline = await simulate(made, { from, for: '62m' })
    assert.equal(timeline.counts.failedRuns, 0)
    assert.deepEqual(heard, ['00:10:05', '00:20:05', '00:30:05', '00:40:05', '00:50:05', '01:00:05', '01:01:35'])
  })

  it('timers can be cleared, refreshed, and used as those of Node', async () => {
    const clock = virtualClock(new Date(0))
    const fired: string[] = []
    const note = (words: string): void => void fired.push(`${words} at ${clock.now()}`)
    const real = setTimeout(() => assert.fail('it is cleared'), 60_000)
    await withSimulatedTimers(clock, async () => {
      clearTimeout(real)
      clearTimeout(setTimeout(note, 10, 'cleared'))
      clearTimeout(undefined)
      const late = setTimeout(note, 20, 'refreshed').unref().ref()
      assert.equal(late.hasRef(), true)
      const each = setInterval(note, 30, 'each')
      setTimeout(note, -1, 'at once')
      setTimeout(() => clearInterval(each), 70)
      await clock.advance(15)
      late.refresh()
      await clock.advance(85)
    })
    assert.deepEqual(fired, ['at once at 1', 'each at 30', 'refreshed at 35', 'each at 60'])
  })

  it('the timers of before come back, also after a failure', async () => {
    const before = [setTimeout, setInterval, clearTimeout, clearInterval]
    const failing = withSimulatedTimers(virtualClock(), async () => {
      assert.notEqual(globalThis.setTimeout, before[0])
      throw new Error('no')
    })
    await assert.rejects(failing, { message: 'no' })
    assert.deepEqual([setTimeout, setInterval, clearTimeout, clearInterval], before)
    await sleep(1)
  })
})
