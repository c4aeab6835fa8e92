import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

describe('a virtual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = virtualClock(new Date(1000))
    clock.timer(() => assert.fail('no time passed'), 0)
    const began = Date.now()
    await until(() => Date.now() > began + 1)
    assert.equal(clock.now(), 1000)
    assert.equal(virtualClock().now(), Date.UTC(2026, 0, 1))
  })

  it('fires timers in order, each at its own time, equal ones in the order they were set', async () => {
    const waits = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(waits, fc.nat({ max: 25 }), async (waits, pass) => {
        const clock = virtualClock(new Date(0))
        const fired: [number, number][] = []
        for (const [i, ms] of waits.entries()) clock.timer(() => fired.push([clock.now(), i]), ms)
        await clock.advance(pass)
        const due = waits.map((ms, i): [number, number] => [ms, i]).filter(([ms]) => ms <= pass)
        assert.deepEqual(
          fired,
          due.sort(([a, i], [b, j]) => a - b || i - j),
        )
        assert.equal(clock.now(), pass)
        assert.equal(clock.timers, waits.length - due.length)
      }),
      { numRuns: 40 },
    )
  })

  it('advances by any duration, and rejects everything else before time passes', async () => {
    const clock = virtualClock(new Date(0))
    await clock.advance('1h30m')
    assert.equal(clock.now(), 5_400_000)
    for (const wrong of ['soon', '', Number.NaN, Number.POSITIVE_INFINITY, null as never, undefined as never])
      await assert.rejects(clock.advance(wrong), { code: 'TIDINGS_DURATION_INVALID' }, String(wrong))
    for (const wrong of [Number.NaN, '1h' as never, undefined as never])
      assert.throws(() => clock.step(wrong), { code: 'TIDINGS_DURATION_INVALID' }, String(wrong))
    assert.equal(clock.now(), 5_400_000)
    for (const wrong of [new Date(Number.NaN), '2026-01-01' as never])
      assert.throws(() => virtualClock(wrong), { message: /^virtualClock\(\) needs a valid Date to start at, got / })
  })

  it('runs the work that a timer started before the next timer fires', async () => {
    const clock = virtualClock(new Date(0))
    const order: string[] = []
    const work = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
      order.push(`first, done at ${clock.now()}`)
    }
    clock.timer(() => void work(), 10)
    clock.timer(() => order.push('second'), 20)
    await clock.advance(30)
    assert.deepEqual(order, ['first, done at 10', 'second'])
  })

  it('fires timers that timers set, if they are due in the same advance', async () => {
    const clock = virtualClock(new Date(0))
    const ticks: number[] = []
    const tick = (): void => {
      ticks.push(clock.now())
      clock.timer(tick, 10)
    }
    clock.timer(tick, 10)
    await clock.advance(35)
    assert.deepEqual(ticks, [10, 20, 30])
    assert.equal(clock.timers, 1)
  })

  it('lets requests to the file system end before time passes, however long the disk takes', async (t) => {
    const clock = virtualClock(new Date(0))
    const path = join(temporaryDirectory(t), 'file')
    const ended: number[] = []
    const write = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const file = await open(path, 'w')
        await file.writeFile(String(i))
        await file.sync()
        await file.close()
      }
      ended.push(clock.now())
    }
    for (const at of [10, 20, 30]) clock.timer(() => void write(), at)
    await clock.advance(40)
    assert.deepEqual(ended, [10, 20, 30])
  })

  it('does not wait for ever for one that does not end', async (t) => {
    const clock = virtualClock(new Date(0))
    const pipe = join(temporaryDirectory(t), 'pipe')
    execFileSync('mkfifo', [pipe])
    // Opening it waits for a writer.
    const reader = open(pipe, 'r')
    await clock.advance(10)
    assert.equal(clock.now(), 10)
    const [writer] = await Promise.all([open(pipe, 'w'), reader.then((file) => file.close())])
    await writer.close()
  })

  it('does not fire cancelled timers, also those that an earlier timer cancelled', async () => {
    const clock = virtualClock()
    const cancel = clock.timer(() => assert.fail('it was cancelled'), 20)
    clock.timer(cancel, 10)
    await clock.advance(30)
    cancel()
    assert.equal(clock.timers, 0)
  })

  it('can be stepped like a wall clock, without affecting timers', async () => {
    const clock = virtualClock(new Date(0))
    let fired = 0
    clock.timer(() => (fired = clock.now()), 100)
    clock.step(-50)
    assert.equal(clock.now(), -50)
    await clock.advance(99)
    assert.equal(fired, 0)
    clock.step(1000)
    await clock.advance(1)
    assert.equal(fired, 1050)
  })

  it('continues from the furthest of two overlapping advances', async () => {
    const clock = virtualClock(new Date(0))
    await Promise.all([clock.advance(100), clock.advance(40)])
    assert.equal(clock.now(), 100)
    await Promise.all([clock.advance(40), clock.advance(100)])
    assert.equal(clock.now(), 200)
  })
})
