import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Retry } from '../../lib/core/control.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { every, manual, type Schedule } from '../../lib/schedule/index.ts'
import { type Place, place } from '../support/agent-harness.ts'

/** A job that fails `times` times. `tried`: the second and the number of each attempt. */
function failing(
  { clock, begin }: Place,
  times: number,
  options: JobOptions,
  error: () => unknown,
  schedule: Schedule = every(1).hour,
) {
  const start = clock.now()
  const tried: [second: number, attempt: number][] = []
  const run: Run = ({ attempt }) => {
    tried.push([(clock.now() - start) / 1000, attempt])
    if (tried.length <= times) throw error()
  }
  return { tried, begin: () => begin([job('try', schedule, run, options)]) }
}
const no = () => new Error('no')

describe('a failed run', () => {
  it('is not retried before the next slot by default', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 9, {}, no)
    await begin()
    await here.clock.advance(7200_000)
    assert.deepEqual(tried, [
      [3600, 1],
      [7200, 1],
    ])
  })

  it('is retried as often as `retry` says, after pauses that double', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 99, { retry: 4 }, no)
    const running = await begin()
    await here.clock.advance(3600_000 + 60_000)
    assert.deepEqual(tried, [
      [3600, 1],
      [3601, 2],
      [3603, 3],
      [3607, 4],
      [3615, 5],
    ])
    assert.equal(here.notes.said('job failed').length, 5)
    assert.equal((await running.status()).jobs[0]?.last?.attempt, 5)
    await here.clock.advance(3600_000)
    assert.deepEqual(tried[5], [7200, 1])
  })

  it('is not retried after a success', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 2, { retry: 4 }, no)
    const running = await begin()
    await here.clock.advance(3700_000)
    assert.equal(tried.length, 3)
    assert.equal((await running.status()).jobs[0]?.last?.error, undefined)
    assert.equal(here.notes.said('job done').length, 1)
  })

  it('is retried after at most ten minutes', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 99, { retry: 15 }, no, every(1).day)
    await begin()
    await here.clock.advance(2 * 86_400_000 - 1)
    const pauses = tried.slice(1).map(([second], i) => second - (tried[i] as (typeof tried)[0])[0])
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600, 600])
  })

  it('is retried when and as often as it throws Retry, whatever `retry` says', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 3, {}, () => new Retry({ after: '10m' }))
    await begin()
    await here.clock.advance(3600_000 + 1_900_000)
    assert.deepEqual(tried, [
      [3600, 1],
      [4200, 2],
      [4800, 3],
      [5400, 4],
    ])
  })

  it('keeps its place while it waits for its retry: other slots overlap', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 1, {}, () => new Retry({ after: '90s' }), every(1).minute)
    await begin()
    await here.clock.advance(240_000)
    assert.deepEqual(tried, [
      [60, 1],
      [150, 2],
      [180, 1],
      [240, 1],
    ])
    assert.equal(here.notes.said('run skipped').length, 1)
  })

  it('does not wait longer when the clock goes back meanwhile', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(here, 3, { retry: 3, jitter: '20s' }, no, manual())
    const running = await begin()
    const triggered = running.trigger('try')
    for (let tries = 0; tries < 4; tries++) {
      here.clock.step(-7200_000)
      for (let second = 0; second < 60 && tried.length === tries; second++) await here.clock.advance(1000)
    }
    assert.equal(tried.length, 4)
    assert.equal((await triggered)?.error, undefined)
  })

  it('stops waiting when the agent stops, and is retried on time after a restart', async (t) => {
    const here = await place(t)
    const { tried, begin } = failing(
      here,
      1,
      { retry: 3, timeout: '1s' },
      () => new Retry({ after: '2h' }),
      every(1).day,
    )
    const running = await begin()
    await here.clock.advance(86_400_000)
    const before = here.clock.now()
    await here.end(running)
    assert.equal(here.clock.now(), before)
    assert.equal(tried.length, 1)
    await here.clock.advance(120_000)
    await begin()
    await here.clock.advance(7_200_000 - 120_001)
    assert.equal(tried.length, 1)
    await here.clock.advance(1)
    assert.deepEqual(tried.slice(1), [[93_600, 2]])
  })

  it('is a new attempt each time, without the state that the last one set', async (t) => {
    const here = await place(t)
    const seen: unknown[] = []
    await here.begin([
      job(
        'try',
        every(1).hour,
        async ({ state, attempt }) => {
          seen.push(await state.get('n'))
          state.set('n', attempt)
          if (attempt < 3) throw new Error('no')
        },
        { retry: 2 },
      ),
    ])
    await here.clock.advance(7300_000)
    assert.deepEqual(seen, [undefined, undefined, undefined, 3, 3, 3])
  })
})
