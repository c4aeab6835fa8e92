import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { from } from 'rxjs'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import type { Draft } from '../../lib/core/event.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { RunReport } from '../../lib/job/run-report.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { always, manual } from '../../lib/schedule/index.ts'
import { type Place, place } from '../support/agent-harness.ts'

/** Drafts of the type `made`, with the identifiers `from` … `to` behind a prefix. */
function poll(prefix: string, from: number, to: number, data: unknown = null): Draft[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ type: 'made', identifier: `${prefix}${from + i}`, data }))
}

/** A job whose next run can be chosen, and an agent that has it. */
async function polling(t: TestContext, options: JobOptions = {}) {
  const here = await place(t)
  let next: Run = () => undefined
  const running = await here.begin([job('poll', manual(), (context) => next(context), options)])
  const run = async (now: Run | readonly Draft[]): Promise<RunReport> => {
    next = typeof now === 'function' ? now : () => now
    const report = await running.trigger('poll')
    assert(report !== undefined)
    return report
  }
  return { here, running, run, ...operations(here.log) }
}

const counts = ({ status, new: fresh, changed, duplicate, held = 0 }: RunReport) => ({
  status,
  new: fresh,
  changed,
  duplicate,
  held,
})

const told = async ({ log }: Place): Promise<string[]> => {
  const identifiers: string[] = []
  for await (const { identifier } of log.events({ types: ['made'] })) identifiers.push(identifier)
  return identifiers
}

describe('a poll whose identities are nearly all new', () => {
  it('is held: nothing of it is stored as an event, and its run is done', async (t) => {
    const { here, running, run } = await polling(t)
    assert.deepEqual(counts(await run(poll('a', 1, 30))), {
      status: 'done',
      new: 30,
      changed: 0,
      duplicate: 0,
      held: 0,
    })
    assert.deepEqual(counts(await run(poll('b', 1, 30))), {
      status: 'done',
      new: 0,
      changed: 0,
      duplicate: 0,
      held: 30,
    })
    assert.equal((await told(here)).length, 30)
    assert.deepEqual(here.notes.said('poll held'), [{ job: 'poll', held: 30, polled: 30 }])
    const { jobs, problems } = await running.status()
    assert.deepEqual([jobs[0]?.held, jobs[0]?.heldSince], [30, '2026-01-01T00:00:00.000Z'])
    assert.match(problems.join(), /job "poll" holds 30 drafts since .*: tidings jobs release poll/)
  })

  it('is announced by an event, stored with the held drafts, once until they are released', async (t) => {
    const { here, run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    await here.clock.advance(1000)
    assert.equal((await run(poll('c', 1, 40))).held, 40)
    const news = async () => (await here.events()).filter(({ type }) => type === 'tidings.job.flooded')
    const since = '2026-01-01T00:00:00.000Z'
    const examples = [1, 2, 3].map((i) => ({ type: 'made', identifier: `b${i}` }))
    assert.deepEqual(
      (await news()).map(({ data, job }) => ({ data, job })),
      [{ data: { job: 'poll', since, held: 30, polled: 30, examples }, job: undefined }],
    )
    await jobs.discard('poll')
    await here.clock.advance(1000)
    await run(poll('d', 1, 30))
    assert.equal((await news()).length, 2)
  })

  const shapes: Record<string, (drafts: readonly Draft[]) => ReturnType<Run>> = {
    'an array': (drafts) => drafts,
    'a promise of an array': async (drafts) => drafts,
    'a generator': function* (drafts) {
      yield* drafts
    },
    'an async generator': async function* (drafts) {
      for (const draft of drafts) {
        await new Promise((resolve) => setImmediate(resolve))
        yield draft
      }
    },
    'an Observable': (drafts) => from(drafts),
  }
  for (const [shape, of] of Object.entries(shapes)) {
    it(`is held when it is returned as ${shape}`, async (t) => {
      const { here, run } = await polling(t)
      await run(() => of(poll('a', 1, 25)))
      assert.equal((await run(() => of(poll('b', 1, 25)))).held, 25)
      assert.equal((await told(here)).length, 25)
    })
  }

  it('passes where it is the first that returned anything', async (t) => {
    const { run } = await polling(t)
    await run([])
    await run([])
    assert.equal((await run(poll('a', 1, 50))).new, 50)
  })

  it('passes where fewer than 20 identities, or less than 90 %, are new', async (t) => {
    const { run } = await polling(t)
    await run(poll('a', 1, 30))
    assert.equal((await run(poll('b', 1, 19))).new, 19)
    assert.deepEqual(counts(await run([...poll('a', 1, 4), ...poll('c', 1, 30)])), {
      status: 'done',
      new: 30,
      changed: 0,
      duplicate: 4,
      held: 0,
    })
  })

  it('counts each identity once, however often a run returns it', async (t) => {
    const { run } = await polling(t)
    await run(poll('a', 1, 30))
    const report = await run([...poll('b', 1, 19), ...poll('b', 1, 19), ...poll('b', 1, 19)])
    assert.deepEqual([report.new, report.duplicate, report.held], [19, 38, undefined])
  })

  it('lets known identities through: duplicates, and another version of a versioned type', async (t) => {
    const { here, run } = await polling(t)
    const version = (v: string): Draft => ({ type: 'made', identifier: 'v', data: v, version: v })
    await run([...poll('a', 1, 30), version('1')])
    assert.deepEqual(counts(await run([...poll('b', 1, 30), version('2'), ...poll('a', 1, 1)])), {
      status: 'done',
      new: 0,
      changed: 1,
      duplicate: 1,
      held: 30,
    })
    assert.equal((await here.log.get('made', 'v'))?.data, '2')
  })

  it('does not count another version of a known identity as new', async (t) => {
    const { run } = await polling(t)
    const versioned = (version: string) => poll('a', 1, 30).map((draft) => ({ ...draft, version }))
    await run(versioned('1'))
    assert.deepEqual(counts(await run(versioned('2'))), { status: 'done', new: 0, changed: 30, duplicate: 0, held: 0 })
  })

  it('follows the option `flood`', async (t) => {
    const own = await polling(t, { flood: { new: 3, share: 0.5 } })
    await own.run(poll('a', 1, 3))
    assert.equal((await own.run([...poll('a', 1, 3), ...poll('b', 1, 3)])).held, 3)
    const off = await polling(t, { flood: false })
    await off.run(poll('a', 1, 30))
    assert.equal((await off.run(poll('b', 1, 300))).new, 300)
  })

  it('passes where the run publishes it', async (t) => {
    const { run } = await polling(t)
    const publishing =
      (drafts: readonly Draft[]): Run =>
      async ({ publish }) => {
        for (const draft of drafts) assert.match((await publish(draft)).status, /new|duplicate/)
      }
    await run(publishing(poll('a', 1, 30)))
    await run(poll('a', 1, 30))
    assert.equal((await run(publishing(poll('b', 1, 30)))).new, 30)
  })

  it('passes where the job never ends', async (t) => {
    const here = await place(t)
    let prefix = 'a'
    const running = await here.begin([job('push', always(), () => poll(prefix, 1, 30))])
    await here.clock.advance(100)
    prefix = 'b'
    await here.clock.advance(2000)
    assert.equal((await told(here)).length, 60)
    await here.end(running)
  })
})

describe('a job that is all new by nature', () => {
  it('is held no more after three polls in a row, of any size', async (t) => {
    const { run } = await polling(t)
    for (const [at, size] of [30, 5, 1, 8].entries()) await run(poll(`p${at}-`, 1, size))
    assert.equal((await run(poll('q', 1, 300))).new, 300)
  })

  it('is held no more once a person has released a poll of it, until a poll is mostly known', async (t) => {
    const { run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    assert.equal((await run(poll('b', 1, 30))).held, 30)
    await jobs.release('poll')
    assert.equal((await run(poll('c', 1, 30))).new, 30)
    assert.equal((await run(poll('d', 1, 30))).new, 30)
    assert.equal((await run(poll('d', 1, 31))).new, 1)
    assert.equal((await run(poll('e', 1, 30))).held, 30)
  })

  it('is held again after its polls were discarded', async (t) => {
    const { run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    await jobs.discard('poll')
    assert.equal((await run(poll('c', 1, 30))).held, 30)
  })
})

describe('held drafts', () => {
  it('take the newest data of their identity, and later polls neither tell nor count them', async (t) => {
    const { here, run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30, 'old'))
    const report = await run([...poll('b', 30, 30, 'newer'), ...poll('b', 1, 1, 'newer'), ...poll('c', 1, 19)])
    assert.deepEqual(counts(report), { status: 'done', new: 19, changed: 0, duplicate: 0, held: 0 })
    assert.equal((await told(here)).length, 49)
    assert.deepEqual(await jobs.release('poll'), { name: 'poll', new: 30, changed: 0, duplicate: 0 })
    assert.deepEqual(
      (await told(here)).slice(49),
      poll('b', 1, 30).map(({ identifier }) => identifier),
    )
    const data = await Promise.all([1, 2, 30].map(async (i) => (await here.log.get('made', `b${i}`))?.data))
    assert.deepEqual(data, ['newer', 'old', 'newer'])
  })

  it('are joined by those of a later flood', async (t) => {
    const { run, jobs, running } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    assert.equal((await run([...poll('b', 1, 30), ...poll('c', 1, 20)])).held, 20)
    assert.equal((await running.status()).jobs[0]?.held, 50)
    assert.equal((await jobs.discard('poll')).new, 50)
    assert.equal((await running.status()).jobs[0]?.held, undefined)
  })

  it('are recorded untold when they are discarded: no listener hears them, and later polls are duplicates', async (t) => {
    const { here, run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    await jobs.discard('poll')
    const consumer = await here.log.consumer('late', { start: 'start', types: ['made'] })
    assert.equal((await consumer.pull(100, AbortSignal.timeout(30_000))).length, 30)
    assert.deepEqual(counts(await run(poll('b', 1, 30))), {
      status: 'done',
      new: 0,
      changed: 0,
      duplicate: 30,
      held: 0,
    })
  })

  it('that the log came to know in another way are duplicates when they are released', async (t) => {
    const { here, run, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    await here.log.accept(poll('b', 1, 2))
    assert.equal((await run(poll('b', 1, 30))).duplicate, 2)
    assert.deepEqual(await jobs.release('poll'), { name: 'poll', new: 28, changed: 0, duplicate: 2 })
  })

  it('are stored with the state of their run', async (t) => {
    const { here, run } = await polling(t)
    await run(poll('a', 1, 30))
    await run(async ({ state }) => {
      state.set('cursor', 'b30')
      return poll('b', 1, 30)
    })
    assert.equal((await here.log.store('job/poll').get('cursor'))?.value, 'b30')
  })

  it('move to a new name, and are removed with their job', async (t) => {
    const { here, run, running, jobs } = await polling(t)
    await run(poll('a', 1, 30))
    await run(poll('b', 1, 30))
    await here.end(running)
    const renamed = await here.begin([job('look', manual(), () => poll('b', 1, 30), { formerly: 'poll' })])
    assert.deepEqual(
      (await jobs.list()).map(({ name, held }) => ({ name, held })),
      [{ name: 'look', held: 30 }],
    )
    assert.equal((await renamed.trigger('look'))?.new, 0)
    await here.end(renamed)
    await jobs.remove('look')
    for (const name of ['poll', 'look'])
      for await (const { key } of here.log.store(`tidings/held/${name}`).list()) assert.fail(key)
    for await (const { key } of here.log.store('tidings/floods').list()) assert.fail(key)
  })
})
