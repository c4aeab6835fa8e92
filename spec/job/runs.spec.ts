import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NEVER, Observable, of, Subject } from 'rxjs'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { Retry } from '../../lib/core/control.ts'
import { job } from '../../lib/job/job.ts'
import { overlap } from '../../lib/job/runs.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { cron, every, manual, type Schedule } from '../../lib/schedule/index.ts'
import { place } from '../support/agent-harness.ts'
import { recorder } from './recorder.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const utc = (expression: string): Schedule => cron(expression, { timezone: 'UTC' })

type Policy = NonNullable<JobOptions['overlap']>
const policies: readonly Policy[] = ['skip', 'queue', 'replace', 'parallel']

/** Runs of 25 s, every 10 s, for a minute: [second it began, 'begin' | 'end' | 'abort'], and which slots were skipped. */
async function aMinute(t: Parameters<typeof place>[0], policy: Policy) {
  const { begin, clock, notes } = await place(t)
  const start = clock.now()
  const seconds = (ms: number): number => (ms - start) / 1000
  const happened: [second: number, what: string][] = []
  const run = job(
    'slow',
    every(10).seconds,
    async ({ signal, slot }) => {
      const name = seconds(slot.getTime())
      const say = (what: string): unknown => happened.push([seconds(clock.now()), `${what} ${name}`])
      say('begin')
      await new Promise<void>((resolve) => {
        const cancel = clock.timer(() => resolve(), 25_000)
        signal.addEventListener('abort', () => {
          if (seconds(clock.now()) < name + 25) say('abort')
          cancel()
          resolve()
        })
      })
      if (!signal.aborted) say('end')
    },
    { overlap: policy },
  )
  await begin([run])
  await clock.advance(60_000)
  const skipped = notes.said('run skipped').map(({ slot }) => seconds((slot as Date).getTime()))
  return { happened, skipped, replaced: notes.said('run replaced').length, failed: notes.said('job failed').length }
}

describe('overlapping runs', () => {
  it('are skipped by default, with a log line', async (t) => {
    assert.deepEqual(await aMinute(t, 'skip'), {
      happened: [
        [10, 'begin 10'],
        [35, 'end 10'],
        [40, 'begin 40'],
      ],
      skipped: [20, 30, 50, 60],
      replaced: 0,
      failed: 0,
    })
    assert.equal(job('a', manual(), () => undefined).settings.overlap, 'skip')
  })

  it('wait in a queue, at most one at a time', async (t) => {
    assert.deepEqual(await aMinute(t, 'queue'), {
      happened: [
        [10, 'begin 10'],
        [35, 'end 10'],
        [35, 'begin 20'],
        [60, 'end 20'],
        [60, 'begin 40'],
      ],
      // 60 comes as 20 ends and 40 begins: it waits.
      skipped: [30, 50],
      replaced: 0,
      failed: 0,
    })
  })

  it('replace the current run, whose signal aborts', async (t) => {
    const { happened, skipped, replaced, failed } = await aMinute(t, 'replace')
    assert.deepEqual(happened, [
      [10, 'begin 10'],
      [20, 'abort 10'],
      [20, 'begin 20'],
      [30, 'abort 20'],
      [30, 'begin 30'],
      [40, 'abort 30'],
      [40, 'begin 40'],
      [50, 'abort 40'],
      [50, 'begin 50'],
      [60, 'abort 50'],
      [60, 'begin 60'],
    ])
    assert.deepEqual({ skipped, replaced, failed }, { skipped: [], replaced: 5, failed: 0 })
  })

  it('run in parallel', async (t) => {
    assert.deepEqual(await aMinute(t, 'parallel'), {
      happened: [
        [10, 'begin 10'],
        [20, 'begin 20'],
        [30, 'begin 30'],
        [35, 'end 10'],
        [40, 'begin 40'],
        [45, 'end 20'],
        [50, 'begin 50'],
        [55, 'end 30'],
        [60, 'begin 60'],
      ],
      skipped: [],
      replaced: 0,
      failed: 0,
    })
  })

  it('do not affect other jobs', async (t) => {
    const { begin, clock, notes } = await place(t)
    let quick = 0
    await begin([
      job('stuck', every(10).seconds, () => new Promise(() => undefined), { timeout: '1h' }),
      job('quick', every(10).seconds, () => void (quick += 1)),
    ])
    await clock.advance(100_000)
    assert.equal(quick, 10)
    assert.deepEqual([...new Set(notes.said('run skipped').map((said) => said.job))], ['stuck'])
  })

  it('by hand follow the same policy', async (t) => {
    const { begin, clock } = await place(t)
    const forever = () => new Promise<void>(() => undefined)
    const running = await begin([
      job('skip', manual(), forever),
      job('queue', manual(), forever, { overlap: 'queue' }),
      job('parallel', manual(), () => undefined, { overlap: 'parallel' }),
    ])
    const answers: Record<string, unknown> = {}
    const ask = (name: string, key: string): void => {
      void running.trigger(name).then((report) => (answers[key] = report === undefined ? 'did not run' : 'ran'))
    }
    for (const name of ['skip', 'queue', 'parallel']) for (const n of [1, 2, 3]) ask(name, `${name} ${n}`)
    await clock.advance(1000)
    assert.deepEqual(answers, {
      'skip 2': 'did not run',
      'skip 3': 'did not run',
      'queue 3': 'did not run',
      'parallel 1': 'ran',
      'parallel 2': 'ran',
      'parallel 3': 'ran',
    })
  })

  it('do not start from the queue once the agent stops', async (t) => {
    const { begin, clock, end, notes } = await place(t)
    let runs = 0
    const run = () => {
      runs += 1
      return new Promise<void>((resolve) => void clock.timer(resolve, 15_000))
    }
    const running = await begin([job('queue', every(10).seconds, run, { overlap: 'queue' })])
    await clock.advance(20_000)
    await end(running)
    assert.equal(runs, 1)
    assert.equal(notes.said('agent stopped').length, 1)
  })
})

describe('the overlap operator', () => {
  const runs = (policy: Policy, run: (slot: number) => Observable<string>) => {
    const slots = new Subject<number>()
    const out: unknown[] = []
    const skipped: number[] = []
    const subscription = slots.pipe(overlap(policy, run, (slot) => void skipped.push(slot))).subscribe({
      next: (value) => out.push(value),
      error: (error) => out.push(error),
      complete: () => out.push('done'),
    })
    return { slots, out, skipped, subscription }
  }

  for (const policy of policies) {
    it(`passes never, empty, one and many (${policy})`, () => {
      const { slots, out, skipped } = runs(policy, (slot) => of(`${slot}`))
      assert.deepEqual(out, [])
      for (const slot of [1, 2, 3]) slots.next(slot)
      assert.deepEqual(out, ['1', '2', '3'])
      slots.complete()
      assert.deepEqual(out, ['1', '2', '3', 'done'])
      assert.deepEqual(skipped, [])
    })

    it(`completes with the last run, not with the slots (${policy})`, () => {
      const ends: (() => void)[] = []
      const { slots, out } = runs(
        policy,
        () => new Observable((subscriber) => void ends.push(() => subscriber.complete())),
      )
      slots.next(1)
      slots.complete()
      assert.deepEqual(out, [])
      ends[0]?.()
      assert.deepEqual(out, ['done'])
    })

    it(`unsubscribes from its runs when unsubscribed (${policy})`, () => {
      let open = 0
      const { slots, subscription } = runs(policy, () => {
        open += 1
        return new Observable(() => () => (open -= 1))
      })
      slots.next(1)
      slots.next(2)
      assert.ok(open > 0)
      subscription.unsubscribe()
      assert.equal(open, 0)
    })

    it(`counts separately for each subscriber (${policy})`, () => {
      const slots = new Subject<number>()
      const skipped: number[] = []
      const shared = slots.pipe(
        overlap(
          policy,
          () => NEVER,
          (slot) => void skipped.push(slot),
        ),
      )
      const both = [shared.subscribe(), shared.subscribe()]
      slots.next(1)
      assert.deepEqual(skipped, [])
      for (const one of both) one.unsubscribe()
    })
  }
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
