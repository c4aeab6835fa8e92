import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../../lib/core/clock.ts'
import { job } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { type SlotDecision, slots$ } from '../../lib/job/slots.ts'
import { cron, every, type Schedule } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { place } from '../support/agent-harness.ts'
import { ledgerOf, wrongSlots } from './slot-ledger.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** An event of the clock or the process: ms that pass, a step in ms, or a restart. */
type Happening = { readonly pass: number } | { readonly step: number } | 'restart'

/**
 * Runs a job through these events. Returns the slots that it ran for, in order, and each slot up to the latest time that
 * the clock showed that neither ran once nor was logged once as missed or blocked.
 */
async function after(
  t: Pick<TestContext, 'after'>,
  schedule: Schedule,
  options: JobOptions,
  all: readonly Happening[],
): Promise<{ readonly ran: readonly number[]; readonly wrong: readonly string[]; readonly early: number }> {
  const here = await place(t as TestContext)
  const anchor = new Date(here.clock.now())
  const ran: number[] = []
  let early = 0
  const part = job(
    'j',
    schedule,
    ({ slot }) => {
      ran.push(slot.getTime() - anchor.getTime())
      if (here.clock.now() < slot.getTime()) early += 1
    },
    options,
  )
  let latest = here.clock.now()
  let running = await here.begin([part])
  for (const each of all) {
    if (each === 'restart') {
      await here.end(running)
      running = await here.begin([part])
      await here.clock.advance(0)
    } else if ('step' in each) here.clock.step(each.step)
    else await here.clock.advance(each.pass)
    latest = Math.max(latest, here.clock.now())
  }
  // Timers check the clock every 30 s: a slot that the clock passed for less, before it went back, is still to come. So
  // the clock ends at its latest time, and timers fire there.
  here.clock.step(Math.max(0, latest - here.clock.now()))
  await here.clock.advance(30 * SECOND)
  latest = here.clock.now()
  // From the log lines: the log keeps only the newest hundred records.
  const wrong = wrongSlots(ledgerOf(here.notes.lines), schedule, anchor, new Date(latest))
  await here.end(running)
  return { ran, wrong, early }
}

const minutes = cron('* * * * *', { timezone: 'UTC' })
const steps = (ms: number): Happening[] => [{ pass: 10.5 * MINUTE }, { step: ms }, { pass: 10 * MINUTE }]
const cases: readonly (readonly [what: string, schedule: Schedule, happenings: readonly Happening[]])[] = [
  ['-2 h', every(1).minute, steps(-2 * HOUR)],
  ['-2 h, until the clock has passed its old time', every(5).minutes, [...steps(-2 * HOUR), { pass: 3 * HOUR }]],
  ['+2 h', every(1).minute, steps(2 * HOUR)],
  ['+30 d', every(1).hour, [{ pass: 10.5 * HOUR }, { step: 30 * DAY }, { pass: 10 * HOUR }]],
  ['+30 d and back', every(1).hour, [{ pass: 90 * MINUTE }, { step: 30 * DAY }, { pass: HOUR }, { step: -30 * DAY }]],
  ['+2 h, with cron', minutes, steps(2 * HOUR)],
  ['-2 h, with cron', minutes, steps(-2 * HOUR)],
  ...[250, 500, 750].map((into): (typeof cases)[number] => [
    `of -500 ms and +500 ms ten times, ${into} ms into a second`,
    every(1).second,
    Array.from({ length: 10 }, () => [{ pass: into }, { step: -500 }, { pass: 1000 }, { step: 500 }]).flat(),
  ]),
  [
    '-500 ms ten times, over restarts',
    every(1).second,
    Array.from({ length: 10 }, (): Happening[] => [{ pass: 1700 }, { step: -500 }, 'restart']).flat(),
  ],
  ['-30.001 s just after a slot', every(7).minutes, [{ step: 419985 }, { pass: 15 }, { step: -30_001 }]],
  [
    '-1 ms over restarts, when a slot was missed',
    every(7).minutes,
    [{ step: 7 * MINUTE }, 'restart', { step: -1 }, 'restart', { pass: 8 * MINUTE }],
  ],
  ['+500 ms ten times', every(1).second, Array.from({ length: 10 }, () => [{ pass: 1700 }, { step: 500 }]).flat()],
]

describe('a clock that steps', () => {
  for (const [what, schedule, happenings] of cases) {
    for (const missed of ['once', 'skip', 'all'] as const) {
      it(`by ${what} runs no slot twice or early, and logs the missed ones (${missed})`, async (t) => {
        const { ran, wrong, early } = await after(t, schedule, { missed }, happenings)
        assert.deepEqual({ wrong, early }, { wrong: [], early: 0 })
        assert.deepEqual(
          ran,
          [...new Set(ran)].sort((a, b) => a - b),
        )
        assert.ok(ran.length > 0)
      })
    }
  }

  it('runs no slot twice and logs every slot, whatever steps it makes', async (t) => {
    const happening: fc.Arbitrary<Happening> = fc.oneof(
      { weight: 4, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 20 * MINUTE }) }) },
      { weight: 2, arbitrary: fc.record({ step: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) }) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    )
    const schedules = fc.constantFrom(
      every(7).minutes,
      every(3).to(6).minutes,
      cron('*/5 * * * *', { timezone: 'UTC' }),
    )
    const options = fc.record({ missed: fc.constantFrom('once' as const, 'skip' as const, 'all' as const) })
    const all = fc.array(happening, { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(schedules, options, all, async (schedule, { missed }, happenings) => {
        const ends: (() => unknown)[] = []
        const own = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext
        const { ran, wrong, early } = await after(own, schedule, { missed }, happenings)
        for (const end of ends) await end()
        assert.deepEqual({ wrong, early }, { wrong: [], early: 0 })
        assert.equal(new Set(ran).size, ran.length)
      }),
      { numRuns: 25 },
    )
    assert.ok(t.name)
  })
})

it('slots missed during a run stay missed after it, when the clock goes back over a restart', async (t) => {
  const { clock, notes, begin, end } = await place(t)
  const start = clock.now()
  const ran: number[] = []
  let finish = (): void => undefined
  const slow = job(
    'j',
    every(1).minute,
    ({ slot }) => {
      ran.push((slot.getTime() - start) / MINUTE)
      return new Promise((resolve) => (finish = () => resolve(undefined)))
    },
    { missed: 'skip', timeout: '1h' },
  )
  const running = await begin([slow])
  await clock.advance(MINUTE)
  clock.step(5.5 * MINUTE)
  await clock.advance(30 * SECOND)
  assert.equal(notes.said('slots missed').length, 1)
  finish()
  await clock.advance(0)
  await end(running)
  clock.step(start + 2.5 * MINUTE - clock.now())
  await begin([slow])
  await clock.advance(2 * MINUTE)
  finish()
  assert.deepEqual(ran, [1])
  await clock.advance(10 * MINUTE)
  finish()
  assert.equal(ran[1], 8)
})

describe('late timers', () => {
  it('do not add up: a minute of slots every 100 ms has 600, each as late as the first', async () => {
    const clock = virtualClock()
    const late: Clock = { now: clock.now, timer: (run, ms) => clock.timer(run, ms + 7) }
    const anchor = new Date(clock.now())
    const lateness: number[] = []
    const decided = ({ passed }: SlotDecision): void => assert.equal(passed, undefined, 'a slot was missed')
    const subscription = slots$(every('100ms'), { clock: late, anchor, missed: 'once', decided }).subscribe((all) =>
      lateness.push(...all.map(({ at }) => clock.now() - at.getTime())),
    )
    await clock.advance(MINUTE + 50)
    subscription.unsubscribe()
    assert.deepEqual([lateness.length, [...new Set(lateness)]], [600, [7]])
  })
})

describe('a distant slot', () => {
  const far = [30 * DAY, 365 * DAY, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1]
  for (const ms of far) {
    it(`comes once after ${ms} ms, never early`, async (t) => {
      const { clock, begin } = await place(t)
      const ran: number[] = []
      const start = clock.now()
      await begin([job('j', every(`${ms}ms`), () => void ran.push(clock.now() - start))])
      // Without a step, a year needs a million checks of the clock: spec/core/clock.spec.ts makes them.
      clock.step(ms - 2 * MINUTE)
      await clock.advance(2 * MINUTE - 1)
      assert.deepEqual(ran, [])
      await clock.advance(1)
      assert.deepEqual(ran, [ms])
      await clock.advance(HOUR)
      assert.equal(ran.length, 1)
    })
  }
})
