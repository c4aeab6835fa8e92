import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Retry } from '../../lib/core/control.ts'
import { job } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { dueSlots, type Slot, slots$ } from '../../lib/job/slots.ts'
import { always, cron, every, manual, once, type Schedule } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Place, place } from '../support/agent-harness.ts'
import { cpuTime } from '../support/cpu-time.ts'

const MINUTE = 60_000

/** An agent with one job that records the minute of each slot it runs for, and of each run. */
function recorder({ clock, begin }: Place, schedule: Schedule, options: JobOptions = {}) {
  const start = clock.now()
  const minute = (ms: number): number => (ms - start) / MINUTE
  const slots: number[] = []
  const runs: number[] = []
  const part = job(
    'record',
    schedule,
    ({ slot, signal }) => {
      slots.push(minute(slot.getTime()))
      runs.push(minute(clock.now()))
      if (schedule.kind !== 'always') return
      // It runs until its signal aborts.
      return new Promise((ended) => signal.addEventListener('abort', () => ended()))
    },
    options,
  )
  return { slots, runs, begin: () => begin([part]) }
}

describe('slots of a job', () => {
  for (const missed of ['once', 'skip', 'all'] as const) {
    const expected = { once: [65], skip: [], all: [15, 25, 35, 45, 55, 65] }[missed]
    for (const overlap of ['skip', 'queue', 'parallel'] as const) {
      it(`that passed while nothing ran: ${missed} (${overlap})`, async (t) => {
        const here = await place(t, new Date('2026-01-01T00:00:00Z'))
        const { slots, runs, begin } = recorder(here, cron('5-59/10 * * * *', { timezone: 'UTC' }), { missed, overlap })
        const first = await begin()
        await here.clock.advance(10 * MINUTE)
        assert.deepEqual(slots.splice(0), [5])
        await here.end(first)
        await here.clock.advance(60 * MINUTE)
        await begin()
        await here.clock.advance(0)
        assert.deepEqual(slots, expected)
        assert.ok(runs.slice(1).every((minute) => minute === 70))
        // And continues as usual.
        await here.clock.advance(10 * MINUTE)
        assert.deepEqual(slots, [...expected, 75])
        assert.deepEqual(here.notes.said('run skipped'), [])
      })
    }
  }

  it('that were missed run one after another, at most the newest hundred', async (t) => {
    const here = await place(t)
    let going = 0
    let most = 0
    const slots: number[] = []
    const run = job(
      'slow',
      every(1).minute,
      async ({ slot }) => {
        most = Math.max(most, ++going)
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 100))
        going -= 1
        slots.push((slot.getTime() - start) / MINUTE)
      },
      { missed: 'all' },
    )
    const start = here.clock.now()
    await here.end(await here.begin([run]))
    await here.clock.advance(500 * MINUTE)
    await here.begin([run])
    await here.clock.advance(30_000)
    assert.deepEqual(
      slots,
      Array.from({ length: 100 }, (_, i) => 401 + i),
    )
    assert.equal(most, 1)
  })

  it('that were missed do not run once the agent stops, but at the next start', async (t) => {
    const here = await place(t)
    const slots: number[] = []
    const start = here.clock.now()
    const slow = job(
      'slow',
      every(1).minute,
      async ({ slot }) => {
        slots.push((slot.getTime() - start) / MINUTE)
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 5000))
      },
      { missed: 'all' },
    )
    await here.end(await here.begin([slow]))
    await here.clock.advance(5 * MINUTE)
    const running = await here.begin([slow])
    await here.clock.advance(7000)
    await here.end(running)
    assert.deepEqual(slots, [1, 2])
    await here.begin([slow])
    await here.clock.advance(30_000)
    assert.deepEqual(slots, [1, 2, 3, 4, 5])
  })

  it('are counted from when the job was first seen: every ten minutes, even if restarted every nine', async (t) => {
    const here = await place(t)
    const { slots, begin } = recorder(here, every(10).minutes)
    for (let restart = 0; restart < 10; restart++) {
      const running = await begin()
      await here.clock.advance(9 * MINUTE)
      await here.end(running)
    }
    assert.deepEqual(slots, [10, 20, 30, 40, 50, 60, 70, 80, 90])
  })

  it('run within a second if a short restart missed them', async (t) => {
    const here = await place(t)
    const { runs, begin } = recorder(here, every(10).minutes)
    await here.end(await begin())
    await here.clock.advance(10 * MINUTE + 1000)
    await begin()
    await here.clock.advance(0)
    assert.deepEqual(runs, [10 + 1 / 60])
  })

  for (const [missed, expected] of [
    ['once', [20, 30, 40, 50, 60, 70]],
    ['skip', [30, 50, 60, 70]],
    ['all', [10, 20, 30, 40, 50, 60, 70]],
  ] as const) {
    it(`that passed while the machine slept: ${missed}; one a second late is not missed`, async (t) => {
      const here = await place(t)
      const { slots, begin } = recorder(here, every(10).minutes, { missed })
      await begin()
      const until = (minute: number) => here.clock.advance(Date.UTC(2026, 0, 1, 0, minute) - here.clock.now())
      await until(2)
      here.clock.step(25 * MINUTE)
      await until(32)
      here.clock.step(13 * MINUTE)
      await until(49)
      // A second before the slot: it is a second late when the timer notices.
      await here.clock.advance(59_000)
      here.clock.step(2000)
      await until(75)
      assert.deepEqual(slots, expected)
    })
  }

  it('run at most once and are not skipped when the clock goes back and forth', async (t) => {
    const here = await place(t)
    const { slots, begin } = recorder(here, every(1).minute)
    let running = await begin()
    for (let round = 0; round < 10; round++) {
      await here.clock.advance(2.5 * MINUTE)
      here.clock.step(-2.5 * MINUTE)
      if (round % 2 === 1) {
        await here.end(running)
        running = await begin()
      }
      await here.clock.advance(2.5 * MINUTE)
      await here.clock.advance(0.5 * MINUTE)
    }
    const last = slots.at(-1) as number
    assert.ok(last >= 29, String(last))
    assert.deepEqual(
      slots,
      Array.from({ length: last }, (_, i) => i + 1),
    )
  })

  it('that a step forward passed run once, the newest', async (t) => {
    const here = await place(t)
    const { slots, begin } = recorder(here, every(1).minute)
    await begin()
    await here.clock.advance(2 * MINUTE)
    here.clock.step(60 * MINUTE)
    await here.clock.advance(2 * MINUTE)
    assert.deepEqual(slots, [1, 2, 62, 63, 64])
  })

  it('include one at start under `atStart`, unless a missed one runs then', async (t) => {
    for (const [schedule, expected] of [
      [every(10).minutes, [0, 10, 10, 20, 21]],
      [manual(), [0, 10, 20, 21]],
      [once(new Date('2026-01-01T00:05:00Z')), [0, 5, 10, 20, 21]],
      [always(), [0, 10, 20, 21]],
    ] as const) {
      const here = await place(t, new Date('2026-01-01T00:00:00Z'))
      const { runs, begin } = recorder(here, schedule, { atStart: true })
      for (const minutes of [10, 10, 1, 0]) {
        const running = await begin()
        await here.clock.advance(minutes * MINUTE)
        await here.end(running)
      }
      // The slot at 20 ran before the agent stopped, so the third start has nothing missed.
      const restarted = schedule.kind === 'every' ? [0, 10, 10, 20, 20, 21] : expected
      assert.deepEqual(runs, restarted, schedule.toString())
    }
  })

  it('include one at start even if the clock went back', async (t) => {
    const here = await place(t)
    const { runs, begin } = recorder(here, every(10).minutes, { atStart: true })
    for (let start = 0; start < 3; start++) {
      const running = await begin()
      await here.clock.advance(0)
      await here.end(running)
      here.clock.step(-5 * MINUTE)
    }
    assert.deepEqual(runs, [0, -5, -10])
  })

  it('by hand all run, within one millisecond and after the clock went back', async (t) => {
    const here = await place(t)
    const { runs, begin } = recorder(here, manual(), { overlap: 'queue' })
    const running = await begin()
    for (let n = 0; n < 3; n++) assert.notEqual(await running.trigger('record'), undefined)
    here.clock.step(-60 * MINUTE)
    assert.notEqual(await running.trigger('record'), undefined)
    await here.end(running)
    const again = await begin()
    assert.notEqual(await again.trigger('record'), undefined)
    assert.deepEqual(runs, [0, 0, 0, -60, -60])
  })

  it('by hand do not affect the schedule', async (t) => {
    const here = await place(t)
    const { runs, begin } = recorder(here, every(10).minutes)
    const running = await begin()
    await here.clock.advance(3 * MINUTE)
    await running.trigger('record')
    await here.clock.advance(17 * MINUTE)
    assert.deepEqual(runs, [3, 10, 20])
  })

  it('of a disabled job run by hand only', async (t) => {
    const here = await place(t)
    const { runs, begin } = recorder(here, every(1).minute, { enabled: false, atStart: true })
    const running = await begin()
    await here.clock.advance(10 * MINUTE)
    assert.deepEqual(runs, [])
    assert.equal((await running.status()).jobs[0]?.next, undefined)
    await running.trigger('record')
    assert.deepEqual(runs, [10])
  })

  it('are late by less than the jitter, never early, as late after a restart, and apart for two jobs', async (t) => {
    const here = await place(t)
    const late: Record<string, number[]> = { a: [], b: [] }
    const jobs = ['a', 'b'].map((name) =>
      job(name, every(1).minute, ({ slot }) => void late[name]?.push(here.clock.now() - slot.getTime()), {
        jitter: '30s',
      }),
    )
    const running = await here.begin(jobs)
    await here.clock.advance(10.6 * MINUTE)
    await here.end(running)
    assert.deepEqual([late.a?.length, late.b?.length], [10, 10])
    for (const ms of [...(late.a ?? []), ...(late.b ?? [])]) assert.ok(ms >= 0 && ms < 30_000, String(ms))
    assert.ok(new Set(late.a).size > 5)
    assert.notDeepEqual(late.a, late.b)
    const there = await place(t)
    const again: number[] = []
    await there.begin([
      job('a', every(1).minute, ({ slot }) => void again.push(there.clock.now() - slot.getTime()), { jitter: '30s' }),
    ])
    await there.clock.advance(10.6 * MINUTE)
    assert.deepEqual(again, late.a)
  })
})

describe('a run without an outcome', () => {
  it('runs again after a restart, as the next attempt', async (t) => {
    const here = await place(t)
    const begun: [number, number][] = []
    let hang = true
    const slow = job(
      'slow',
      every(10).minutes,
      ({ slot, attempt, signal }) => {
        begun.push([(slot.getTime() - start) / MINUTE, attempt])
        if (!hang) return undefined
        return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { timeout: '1h' },
    )
    const start = here.clock.now()
    const running = await here.begin([slow])
    await here.clock.advance(10 * MINUTE)
    // The grace period cuts it off.
    await here.end(running)
    assert.equal(here.notes.said('agent stopped').length, 1)
    hang = false
    await here.begin([slow])
    await here.clock.advance(10 * MINUTE)
    assert.deepEqual(begun, [
      [10, 1],
      [10, 2],
      [20, 1],
    ])
  })

  it('that waited for its retry when the agent stopped runs again, as the next attempt', async (t) => {
    const here = await place(t)
    const begun: [number, number][] = []
    const start = here.clock.now()
    const again = job('again', every(10).minutes, ({ slot, attempt }) => {
      begun.push([(slot.getTime() - start) / MINUTE, attempt])
      if (begun.length === 1) throw new Retry({ after: '5m' })
    })
    const running = await here.begin([again])
    await here.clock.advance(11 * MINUTE)
    await here.end(running)
    await here.begin([again])
    await here.clock.advance(4 * MINUTE)
    assert.deepEqual(begun, [
      [10, 1],
      [10, 2],
    ])
  })

  it('that waited for its jitter runs after a restart, as the first attempt', async (t) => {
    const here = await place(t)
    const attempts: number[] = []
    const waiting = job('waiting', every(10).minutes, ({ attempt }) => void attempts.push(attempt), { jitter: '9m' })
    const running = await here.begin([waiting])
    await here.clock.advance(10 * MINUTE)
    await here.end(running)
    await here.begin([waiting])
    await here.clock.advance(9 * MINUTE)
    assert.deepEqual(attempts, [1])
  })
})

describe('a schedule written by users', () => {
  const minute = every().minute
  const broken: Record<string, (after: Date) => unknown> = {
    'returns the instant it was given': (after) => after,
    'looks back': () => new Date(0),
    'returns an invalid Date': () => new Date('x'),
    'returns a number': (after) => after.getTime() + MINUTE,
    throws: () => {
      throw new Error('next broke')
    },
  }
  for (const [what, answer] of Object.entries(broken)) {
    it(`that ${what}, at once or later, ends its own job only, with a log line`, async (t) => {
      for (const from of [0, 2 * MINUTE]) {
        const here = await place(t)
        const start = here.clock.now()
        const next = (after: Date): Date | undefined =>
          after.getTime() < start + from ? minute.next(after, new Date(start)) : (answer(after) as Date)
        let ran = 0
        const running = await here.begin([
          job('theirs', { next, toString: () => 'theirs' }, () => undefined),
          job('ours', minute, () => void (ran += 1)),
        ])
        await here.clock.advance(5 * MINUTE)
        assert.equal(ran, 5)
        const { problems } = await running.status()
        assert.match(problems.join(), /job "theirs" no longer runs: (theirs: expected a slot later than|next broke)/)
        await here.end(running)
      }
    })
  }
})

describe('dueSlots', () => {
  const seconds = (slots: readonly Slot[]) => slots.map(({ at }) => at.getTime() / 1000)
  const schedules: Record<string, Schedule> = {
    'every 7 seconds': every(7).seconds,
    'every 5 to 10 seconds': every(5).to(10).seconds,
    'a cron': cron('*/13 * * * * *', { timezone: 'UTC' }),
    once: once(new Date(60_000)),
    manual: manual(),
    'until half a minute': every(4).seconds.until(new Date(30_000)),
  }

  for (const [name, schedule] of Object.entries(schedules)) {
    it(`finds the same slots as a walk through time: ${name}`, () => {
      const time = fc.integer({ min: 0, max: 120_000 })
      fc.assert(
        fc.property(time, time, time, fc.constantFrom('once', 'skip', 'all'), (anchor, from, to, policy) => {
          const [after, now] = [Math.max(from, anchor), to]
          const walked: number[] = []
          let at = schedule.next(new Date(after), new Date(anchor))
          while (at !== undefined && at.getTime() <= now) {
            walked.push(at.getTime() / 1000)
            at = schedule.next(at, new Date(anchor))
          }
          const due = dueSlots(schedule, new Date(anchor), new Date(after), new Date(now), policy)
          const wanted = policy === 'skip' ? [] : policy === 'once' ? walked.slice(-1) : walked.slice(-100)
          assert.deepEqual(seconds(due.slots), wanted)
          assert.equal(due.done.getTime() / 1000, walked.at(-1) ?? after / 1000)
        }),
        { numRuns: 200 },
      )
    })
  }

  it('is fast at any distance', () => {
    const spent = cpuTime()
    const { slots } = dueSlots(every(2).seconds, new Date(0), new Date(0), new Date('2026-01-01T00:00:00Z'), 'all')
    assert.equal(slots.length, 100)
    const { slots: daily } = dueSlots(
      cron('0 3 * * *', { timezone: 'Europe/Berlin' }),
      new Date(0),
      new Date('2016-01-01T00:00:00Z'),
      new Date('2026-01-01T00:00:00Z'),
      'once',
    )
    assert.deepEqual(
      daily.map(({ at }) => at.toISOString()),
      ['2025-12-31T02:00:00.000Z'],
    )
    assert.ok(spent() < 2000)
  })
})

describe('slots$', () => {
  it('is cold, never completes, and leaves no timer when unsubscribed', async () => {
    const clock = virtualClock()
    const anchor = new Date(clock.now())
    for (const schedule of [every(1).second, manual(), always(), once(new Date(clock.now() + 500))]) {
      let slots = 0
      let ended = false
      const all = slots$(schedule, { clock, anchor, missed: 'once' })
      assert.equal(clock.timers, 0)
      const subscription = all.subscribe({ next: (each) => (slots += each.length), complete: () => (ended = true) })
      await clock.advance(3000)
      assert.equal(slots, { every: 3, manual: 0, always: 1, once: 1 }[schedule.kind as 'every'], schedule.toString())
      assert.equal(ended, false)
      subscription.unsubscribe()
      assert.equal(clock.timers, 0)
      await clock.advance(3000)
    }
  })
})
