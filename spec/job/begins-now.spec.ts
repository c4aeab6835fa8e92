import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { Retry } from '../../lib/core/control.ts'
import { type Job, job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { cron, every, type Schedule } from '../../lib/schedule/index.ts'
import { type Place, place } from '../support/agent-harness.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const utc = (expression: string): Schedule => cron(expression, { timezone: 'UTC' })

/** Jobs that record the instant of each slot they run for, and of each run. */
function recorder(here: Place, run: Run = () => undefined) {
  const slots: string[] = []
  const runs: string[] = []
  const of = (schedule: Schedule, options: JobOptions = {}, name = 'j'): Job =>
    job(
      name,
      schedule,
      (context) => {
        slots.push(context.slot.toISOString().slice(0, 19))
        runs.push(new Date(here.clock.now()).toISOString().slice(0, 19))
        return run(context)
      },
      options,
    )
  return { slots, runs, of }
}

describe('a job whose schedule changed', () => {
  it('begins now: it has no slots before, whatever `missed` says', async (t) => {
    for (const missed of ['once', 'all'] as const) {
      const here = await place(t)
      const { slots, of } = recorder(here)
      const first = await here.begin([of(utc('0 3 * * *'), { missed })])
      await here.clock.advance(4 * HOUR)
      await here.end(first)
      await here.clock.advance(8 * HOUR)
      const second = await here.begin([of(utc('0 10 * * *'), { missed })])
      await here.clock.advance(HOUR)
      assert.deepEqual(slots, ['2026-01-01T03:00:00'])
      await here.end(second)
      await here.begin([of(every(5).minutes, { missed })])
      await here.clock.advance(11 * MINUTE)
      assert.equal(slots.length, 3)
    }
  })

  it('begins now when it is enabled again', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    await here.end(await here.begin([of(utc('0 * * * *'), { missed: 'all' })]))
    const off = await here.begin([of(utc('0 * * * *'), { missed: 'all', enabled: false })])
    await here.clock.advance(5.5 * HOUR)
    await here.end(off)
    await here.begin([of(utc('0 * * * *'), { missed: 'all' })])
    await here.clock.advance(HOUR)
    assert.deepEqual(slots, ['2026-01-01T06:00:00'])
  })
})

describe('a clock that was ahead', () => {
  it('leaves a job resting, which status reports; reset begins the job now', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    const part = of(utc('0 * * * *'))
    const first = await here.begin([part])
    await here.clock.advance(2 * HOUR + MINUTE)
    here.clock.step(300 * DAY)
    await here.clock.advance(MINUTE)
    await here.end(first)
    here.clock.step(-300 * DAY)
    const running = await here.begin([part])
    await here.clock.advance(3 * HOUR)
    assert.equal(slots.length, 3)
    const { jobs, problems } = await running.status()
    assert.equal(jobs[0]?.next?.toISOString().slice(0, 13), '2026-10-28T03')
    assert.match(problems.join(), /job "j" rests until 2026-10-28T03.*tidings jobs reset j/)
    const { before, begins } = await operationsOf(here.log, running as never).jobs.reset('j')
    assert.equal(before?.slice(0, 13), '2026-10-28T02')
    assert.equal(begins.slice(0, 13), '2026-01-01T05')
    await here.clock.advance(HOUR)
    assert.equal(slots[3], '2026-01-01T06:00:00')
    assert.deepEqual((await running.status()).problems, [])
  })

  it('by a minute has no effect', async (t) => {
    const here = await place(t)
    const { of } = recorder(here)
    const first = await here.begin([of(utc('* * * * *'))])
    await here.clock.advance(5 * MINUTE)
    await here.end(first)
    here.clock.step(-5 * MINUTE)
    const running = await here.begin([of(utc('* * * * *'))])
    await here.clock.advance(0)
    assert.deepEqual((await running.status()).problems, [])
  })
})

describe('a run by hand', () => {
  it('begins now, even while another slot waits for its jitter or its retry', async (t) => {
    for (const overlap of ['skip', 'queue', 'replace', 'parallel'] as const) {
      const here = await place(t)
      const { runs, of } = recorder(here, ({ slot, attempt }) => {
        if (attempt === 1 && slot.getTime() % HOUR === 0) throw new Retry({ after: '30m' })
      })
      const jittered = of(utc('0 * * * *'), { jitter: '50m', overlap }, 'jittered')
      const running = await here.begin([jittered, of(utc('0 * * * *'), { overlap }, 'retried')])
      await here.clock.advance(HOUR + 10 * SECOND)
      for (const name of ['jittered', 'retried']) {
        const before = runs.length
        const report = running.trigger(name)
        await here.clock.advance(0)
        assert.equal((await report)?.status, 'done', `${name} ${overlap}`)
        assert.equal(runs.length, before + 1)
      }
    }
  })

  it('leaves the slots that its paused job missed undecided', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    const running = await here.begin([of(utc('*/10 * * * *'), { missed: 'all' })])
    const { jobs } = operationsOf(here.log, running as never)
    await jobs.pause('j')
    await here.clock.advance(35 * MINUTE)
    await running.trigger('j')
    await jobs.resume('j')
    await here.clock.advance(SECOND)
    assert.deepEqual(slots.slice(1), ['2026-01-01T00:10:00', '2026-01-01T00:20:00', '2026-01-01T00:30:00'])
  })

  it('runs even if the schedule of its job has failed', async (t) => {
    const here = await place(t)
    const failing: Schedule = {
      next: () => {
        throw new Error('no more dates in the table')
      },
      toString: () => 'from a table',
    }
    const running = await here.begin([job('j', failing, () => undefined)])
    await here.clock.advance(SECOND)
    assert.match((await running.status()).problems.join(), /no longer runs/)
    assert.equal((await running.trigger('j'))?.status, 'done')
  })
})

describe('jitter', () => {
  it('may be longer than the interval: each slot runs when it is due', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    await here.begin([of(utc('* * * * *'), { jitter: '3m' })])
    await here.clock.advance(63 * MINUTE)
    assert.ok(slots.length >= 60, String(slots.length))
    assert.equal(new Set(slots).size, slots.length)
  })

  it('continues over restarts, even if missed slots do not run', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    const part = of(utc('0 3 * * *'), { jitter: '6h', missed: 'skip' })
    for (let life = 0; life < 7 * 24; life++) {
      const running = await here.begin([part])
      await here.clock.advance(HOUR)
      await here.end(running)
    }
    assert.equal(slots.length, 7)
  })
})

describe('retries of a job', () => {
  it('continue counting over restarts, and wait for the rest of their pause', async (t) => {
    const here = await place(t)
    const begun: [minute: number, attempt: number][] = []
    const start = here.clock.now()
    const part = job(
      'j',
      every(1).day,
      ({ attempt }) => {
        begun.push([(here.clock.now() - start - DAY) / MINUTE, attempt])
        if (attempt < 3) throw new Retry({ after: '1h' })
        throw new Error('no')
      },
      { retry: 5 },
    )
    let running = await here.begin([part])
    await here.clock.advance(DAY)
    for (let life = 0; life < 30; life++) {
      await here.end(running)
      running = await here.begin([part])
      await here.clock.advance(20 * MINUTE)
    }
    assert.deepEqual(begun.slice(0, 3), [
      [0, 1],
      [60, 2],
      [120, 3],
    ])
    assert.deepEqual(
      begun.map(([, attempt]) => attempt),
      [1, 2, 3, 4, 5, 6],
    )
  })

  it('stop while the job is paused, and continue when it is resumed', async (t) => {
    const here = await place(t)
    let tries = 0
    const part = job('j', utc('0 * * * *'), () => {
      tries += 1
      throw new Retry({ after: '5m' })
    })
    const running = await here.begin([part])
    const { jobs } = operationsOf(here.log, running as never)
    await here.clock.advance(HOUR + MINUTE)
    await jobs.pause('j')
    await here.clock.advance(30 * MINUTE)
    assert.equal(tries, 1)
    await jobs.resume('j')
    await here.clock.advance(MINUTE)
    assert.equal(tries, 2)
  })
})

describe('formerly', () => {
  it('moves slots and state to the new name and back: no slot runs twice', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here, async ({ state }) => state.set('n', ((await state.get<number>('n')) ?? 0) + 1))
    for (const [name, formerly] of [['a'], ['b', 'a'], ['a', 'b']] as const) {
      const part = of(utc('*/10 * * * *'), formerly === undefined ? {} : { formerly }, name)
      const running = await here.begin([part])
      await here.clock.advance(10 * MINUTE)
      await here.end(running)
    }
    assert.deepEqual(slots, ['2026-01-01T00:10:00', '2026-01-01T00:20:00', '2026-01-01T00:30:00'])
    assert.equal((await here.log.store('job/a').get('n'))?.value, 3)
    assert.deepEqual(here.notes.said('orphaned job: the log knows it, the agent does not'), [])
  })

  it('is reported if it does nothing; the older name is an orphan until it is removed', async (t) => {
    const here = await place(t)
    const { of } = recorder(here)
    await here.end(await here.begin([of(every(1).hour, {}, 'a'), of(every(1).hour, {}, 'b')]))
    await here.end(await here.begin([of(every(1).hour, { formerly: 'a' }, 'b')]))
    const warned = here.notes.lines.filter(({ level }) => level === 'warn')
    assert.deepEqual(
      warned.map(({ words, fields }) => [words.slice(0, 22), fields.job]),
      [
        ['orphaned job: the log ', 'a'],
        ['formerly does nothing:', 'b'],
      ],
    )
    const { jobs } = operationsOf(here.log)
    assert.deepEqual(await jobs.remove('a'), { name: 'a' })
    await assert.rejects(jobs.remove('a'), { code: 'TIDINGS_LOG_INVALID' })
    here.notes.lines.length = 0
    const running = await here.begin([of(every(1).hour, { formerly: 'a' }, 'b')])
    assert.deepEqual(
      here.notes.lines.filter(({ level }) => level === 'warn'),
      [],
    )
    await assert.rejects(operationsOf(here.log, running as never).jobs.remove('b'), { code: 'TIDINGS_AGENT_INVALID' })
  })
})
