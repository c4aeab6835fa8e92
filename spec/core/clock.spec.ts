import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { aborted$, at$, monotonic, systemClock, timerAt } from '../../lib/core/clock.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'

const HOUR = 3_600_000

describe('timerAt', () => {
  it('fires once at its instant, and not before', async () => {
    const clock = virtualClock()
    const fired: number[] = []
    const at = clock.now() + 90_500
    timerAt(clock, at, () => fired.push(clock.now()))
    await clock.advance(90_499)
    assert.deepEqual(fired, [])
    await clock.advance(1)
    assert.deepEqual(fired, [at])
    await clock.advance(HOUR)
    assert.deepEqual(fired, [at])
    assert.equal(clock.timers, 0)
  })

  it('fires on the next tick, not synchronously, if its instant has passed', async () => {
    const clock = virtualClock()
    let fired = false
    timerAt(clock, clock.now() - 1, () => (fired = true))
    assert.equal(fired, false)
    await clock.advance(0)
    assert.equal(fired, true)
  })

  for (const ms of [30 * 86_400_000, 365 * 86_400_000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1]) {
    it(`waits ${ms} ms, sleeping at most 30 s at a time`, async () => {
      const clock = virtualClock()
      const at = clock.now() + ms
      let longest = 0
      let now = clock.now()
      let sleeping: { run: () => void; ms: number } | undefined
      let fired = 0
      const sleeper = {
        now: () => now,
        timer: (run: () => void, ms: number) => {
          longest = Math.max(longest, ms)
          sleeping = { run, ms }
          return () => (sleeping = undefined)
        },
      }
      timerAt(sleeper, at, () => (fired = now))
      while (sleeping !== undefined) {
        const { run, ms } = sleeping
        sleeping = undefined
        now += ms
        run()
      }
      assert.equal(fired, at)
      assert.equal(longest, 30_000)
    })
  }

  it('checks the wall clock when a timer fires, as real timers may fire a little early', () => {
    let now = 0
    const sleeps: number[] = []
    let wake = (): void => undefined
    const clock = {
      now: () => now,
      timer: (run: () => void, ms: number) => {
        sleeps.push(ms)
        wake = run
        return () => undefined
      },
    }
    let fired = 0
    timerAt(clock, 1000, () => (fired += 1))
    now = 999
    wake()
    assert.equal(fired, 0)
    now = 1000
    wake()
    assert.equal(fired, 1)
    assert.deepEqual(sleeps, [1000, 1])
  })

  it('fires at most 30 s late and never early, wherever the wall clock steps', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: -HOUR, max: HOUR })), {
      maxLength: 8,
    })
    return fc.assert(
      fc.asyncProperty(fc.integer({ min: -1000, max: 200_000 }), steps, async (ahead, steps) => {
        const clock = virtualClock()
        const at = clock.now() + ahead
        const fired: number[] = []
        const cancel = timerAt(clock, at, () => fired.push(clock.now()))
        for (const [pass, step] of steps) {
          await clock.advance(pass)
          clock.step(step)
        }
        await clock.advance(30_000)
        assert(fired.length <= 1 && fired.every((now) => now >= at))
        if (clock.now() - 30_000 >= at) assert.equal(fired.length, 1)
        cancel()
        assert.equal(clock.timers, 0)
      }),
      { numRuns: 30 },
    )
  })

  it('does not fire after it was cancelled, also between two sleeps', async () => {
    const clock = virtualClock()
    const cancel = timerAt(clock, clock.now() + 100_000, () => assert.fail('it was cancelled'))
    await clock.advance(45_000)
    cancel()
    cancel()
    assert.equal(clock.timers, 0)
    await clock.advance(HOUR)
  })
})

describe('monotonic', () => {
  it('runs like its clock, and continues from where it was when that steps back', async () => {
    const clock = virtualClock()
    const time = monotonic(clock)
    assert.equal(time.now(), clock.now())
    clock.step(HOUR)
    assert.equal(time.now(), clock.now())
    const before = time.now()
    clock.step(-2 * HOUR)
    assert.equal(time.now(), before)
    await clock.advance(1000)
    assert.equal(time.now(), before + 1000)
    clock.step(2 * HOUR)
    assert.equal(time.now(), before + 1000 + 2 * HOUR)
  })

  it('returns the same clock for the same clock, and never steps back', async () => {
    const clock = virtualClock()
    assert.equal(monotonic(clock), monotonic(clock))
    assert.notEqual(monotonic(clock), monotonic(virtualClock()))
    let last = monotonic(clock).now()
    for (const step of [-HOUR, 5, -3, HOUR, -HOUR, 0]) {
      clock.step(step)
      await clock.advance(1)
      const now = monotonic(clock).now()
      assert.ok(now >= last)
      last = now
    }
  })

  it('bounds every wait, wherever the clock steps', async () => {
    const clock = virtualClock()
    const time = monotonic(clock)
    let fired = false
    timerAt(time, time.now() + 60_000, () => (fired = true))
    for (const step of [-HOUR, -HOUR, -5 * HOUR]) {
      await clock.advance(10_000)
      clock.step(step)
    }
    // Each step back costs the time slept since the last look at the clock.
    await clock.advance(60_000 + 3 * 30_000)
    assert.equal(fired, true)
  })
})

describe('systemClock', () => {
  it('shows the time of day', () => assert(Math.abs(systemClock.now() - Date.now()) < 1000))

  it('calls back after the wait, unless it is cancelled', async () => {
    const cancelled = systemClock.timer(() => assert.fail('it was cancelled'), 5)
    cancelled()
    const began = performance.now()
    await new Promise<void>((resolve) => systemClock.timer(resolve, 20))
    assert(performance.now() - began >= 18)
  })

  it('waits longer than setTimeout can', (t) => {
    const waits: number[] = []
    let pending: (() => void) | undefined
    t.mock.method(globalThis, 'setTimeout', (run: () => void, ms: number) => {
      waits.push(ms)
      pending = run
    })
    for (const ms of [2 ** 31, 2 ** 31 + 1, 2 ** 40]) {
      waits.length = 0
      let fired = false
      systemClock.timer(() => (fired = true), ms)
      while (!fired) pending?.()
      assert.ok(
        waits.every((wait) => wait < 2 ** 31),
        String(waits),
      )
      assert.equal(
        waits.reduce((sum, wait) => sum + wait, 0),
        ms,
      )
    }
  })
})

describe('at$', () => {
  it('emits once and completes; an unsubscribe removes its timer', async () => {
    const clock = virtualClock()
    const heard: string[] = []
    at$(clock, clock.now() + 1000).subscribe({ next: () => heard.push('next'), complete: () => heard.push('complete') })
    const other = at$(clock, clock.now() + 1000).subscribe(() => heard.push('unsubscribed'))
    assert.equal(clock.timers, 2)
    other.unsubscribe()
    await clock.advance(1000)
    assert.deepEqual(heard, ['next', 'complete'])
    assert.equal(clock.timers, 0)
  })
})

describe('aborted$', () => {
  it('emits once and completes, also if the signal has aborted before', () => {
    const controller = new AbortController()
    const heard: string[] = []
    const listen = (name: string) =>
      aborted$(controller.signal).subscribe({
        next: () => heard.push(name),
        complete: () => heard.push(`${name} ended`),
      })
    listen('before')
    listen('unsubscribed').unsubscribe()
    assert.deepEqual(heard, [])
    controller.abort()
    listen('after')
    assert.deepEqual(heard, ['before', 'before ended', 'after', 'after ended'])
  })
})
