import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import type { Draft } from '../../lib/core/event.ts'
import { HeldDrafts } from '../../lib/job/held-drafts.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { RunReport } from '../../lib/job/run-report.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import type { Log } from '../../lib/log/port.ts'
import { manual } from '../../lib/schedule/index.ts'
import { place, wrap } from '../support/agent-harness.ts'

const made = (identifier: string, data: unknown = null): Draft => ({ type: 'made', identifier, data })
const poll = (prefix: string, size: number, data?: unknown): Draft[] =>
  Array.from({ length: size }, (_, i) => made(`${prefix}${i}`, data))

/** An agent with a job that has already returned 30 drafts; `run` runs it once more, with another function. */
async function afterFirst(t: TestContext, { options = {}, log }: { options?: JobOptions; log?: Log } = {}) {
  const here = await place(t)
  const next: Run[] = []
  const used = log ?? here.log
  const running = await here.begin([job('poll', manual(), (context) => next.shift()?.(context), options)], {
    log: used,
  })
  const run = async (now: Run): Promise<RunReport> => {
    next.push(now)
    return (await running.trigger('poll')) as RunReport
  }
  await run(() => poll('first', 30))
  const told = async (): Promise<number> => {
    let count = 0
    for await (const { type } of used.events()) count += type === 'made' ? 1 : 0
    return count - 30
  }
  const held = async (): Promise<number | undefined> => (await new HeldDrafts(used, 'poll').record())?.held?.count
  const state = async (): Promise<unknown> => (await used.store('job/poll').get('n'))?.value
  return { here, running, run, told, held, state, ...operations(used) }
}

describe('a run with a flood', () => {
  it('that fails holds what it returned, and drops its state', async (t) => {
    const { run, told, held, state } = await afterFirst(t)
    const report = await run(async function* ({ state }) {
      state.set('n', 1)
      yield* poll('b', 30)
      throw new Error('page 3 is missing')
    })
    assert.deepEqual([report.status, report.held, report.error?.message], ['failed', 30, 'page 3 is missing'])
    assert.deepEqual([await told(), await held(), await state()], [0, 30, undefined])
  })

  it('that fails without a flood stores what it returned', async (t) => {
    const { run, told, held } = await afterFirst(t)
    const report = await run(async function* () {
      yield* poll('b', 5)
      throw new Error('no')
    })
    assert.deepEqual([report.status, report.new, await told(), await held()], ['failed', 5, 5, undefined])
  })

  it('holds the valid drafts and fails with the others', async (t) => {
    const { run, told, held, state } = await afterFirst(t)
    const report = await run(({ state }) => {
      state.set('n', 1)
      return [...poll('b', 30), made('bad', 1n), made('', 1), 7 as never, made('b31')]
    })
    assert.equal(report.status, 'failed')
    const { errors } = report.error as AggregateError
    assert.deepEqual(
      new Set(errors.map(({ code }) => String(code))),
      new Set(['TIDINGS_DATA_INVALID', 'TIDINGS_IDENTIFIER_INVALID', 'TIDINGS_JOB_RESULT']),
    )
    assert.deepEqual([report.held, await held(), await told(), await state()], [31, 31, 0, undefined])
  })

  it('may save its state: drafts before a save are judged then, and held with it', async (t) => {
    const { run, told, held, state } = await afterFirst(t)
    const report = await run(async function* ({ state }) {
      yield* poll('b', 30)
      state.set('n', 1)
      await state.save()
      assert.deepEqual([await told(), await held()], [0, 30])
      yield* poll('c', 5)
      throw new Error('after the save')
    })
    assert.deepEqual([report.held, await held(), await told(), await state()], [35, 35, 0, 1])
  })

  it('is judged as a whole, also over several saves', async (t) => {
    const { run, told, held } = await afterFirst(t)
    const report = await run(async function* ({ state }) {
      for (const page of ['b', 'c', 'd']) {
        yield* poll(page, 15)
        await state.save()
      }
    })
    // The first page alone could not be told from a good day.
    assert.deepEqual([report.new, report.held, await told(), await held()], [15, 30, 15, 30])
  })

  it('keeps holding what it held before a save, however the rest turns out', async (t) => {
    const { here, run, told, held, jobs } = await afterFirst(t)
    await run(() => poll('known', 19))
    const report = await run(async function* ({ state }) {
      yield* poll('b', 30, 'old')
      await state.save()
      yield* [...poll('first', 30), ...poll('known', 19), ...poll('b', 30, 'newer'), made('c')]
    })
    assert.deepEqual([report.new, report.duplicate, report.held], [1, 49, 30])
    assert.deepEqual([await told(), await held()], [20, 30])
    await jobs.release('poll')
    assert.equal((await here.log.get('made', 'b3'))?.data, 'newer')
  })

  it('stores nothing when it is cut off, and its retry returns it again', async (t) => {
    const { here, running, run, told, held } = await afterFirst(t, { options: { timeout: '1s' } })
    const cut = run(async function* ({ signal }) {
      yield* poll('b', 30)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    await here.clock.advance(2000)
    assert.equal((await cut).status, 'abandoned')
    assert.deepEqual([await told(), await held()], [0, undefined])
    assert.equal((await run(() => poll('b', 30))).held, 30)
    await here.end(running)
  })

  it('that the log does not take fails, says that nothing is held, and is held the next time', async (t) => {
    const base = await memoryLog()
    let fails = true
    const log = wrap(base, {
      accept: async (drafts, origin) => {
        if (!fails || drafts[0]?.type !== 'tidings.job.flooded') return base.accept(drafts, origin)
        fails = false
        throw new TidingsError('TIDINGS_LOG_FAILED', 'no space left')
      },
    })
    const { here, run, told, held, state } = await afterFirst(t, { log })
    const flood: Run = ({ state }) => {
      state.set('n', 1)
      return poll('b', 30)
    }
    const report = await run(flood)
    assert.deepEqual([report.status, report.held, report.error?.message], ['failed', undefined, 'no space left'])
    assert.deepEqual([await told(), await held(), await state()], [0, undefined, undefined])
    assert.deepEqual(here.notes.said('poll held'), [])
    assert.deepEqual([(await run(flood)).held, await told(), await held(), await state()], [30, 0, 30, 1])
    await base.close()
  })

  it('leaves one event of the news, also when several runs flood at once', async (t) => {
    const { here, running, run, held } = await afterFirst(t, { options: { overlap: 'parallel' } })
    const wait = new Promise((resolve) => here.clock.timer(() => resolve(undefined), 1000))
    const run2 = (prefix: string) =>
      run(async function* () {
        yield* poll(prefix, 25, prefix)
        await wait
        yield* poll('both', 5, prefix)
      })
    const both = [run2('b'), run2('c')]
    await here.clock.advance(1000)
    assert.deepEqual(new Set((await Promise.all(both)).map((report) => report.held)), new Set([25, 30]))
    assert.equal(await held(), 55)
    const news = (await here.events()).filter(({ type }) => type === 'tidings.job.flooded')
    assert.equal(news.length, 1)
    await here.end(running)
  })
})

describe('a release during a run', () => {
  it('tells what was held, and what the run returns of it is a duplicate', async (t) => {
    const { run, told, held, jobs } = await afterFirst(t)
    await run(() => poll('b', 30))
    const report = await run(async function* () {
      yield* poll('b', 30)
      await jobs.release('poll')
    })
    assert.deepEqual([report.new, report.duplicate, report.held], [0, 30, undefined])
    assert.deepEqual([await told(), await held()], [30, undefined])
  })

  it('that fails midway leaves the rest held, in order, for the next one', async (t) => {
    const base = await memoryLog()
    let pages = Number.POSITIVE_INFINITY
    const log = wrap(base, {
      accept: async (drafts, origin) => {
        if (drafts.length > 1 && --pages < 0) throw new TidingsError('TIDINGS_LOG_FAILED', 'no space left')
        return base.accept(drafts, origin)
      },
    })
    const { run, told, held, jobs } = await afterFirst(t, { log })
    await run(() => poll('b', 1200))
    pages = 1
    await assert.rejects(jobs.release('poll'), { code: 'TIDINGS_LOG_FAILED' })
    assert.deepEqual([await told(), await held()], [500, 700])
    assert.equal((await jobs.list())[0]?.held, 700)
    pages = 5
    assert.equal((await jobs.release('poll')).new, 700)
    assert.equal(await held(), undefined)
    const last = await base.get('made', 'b1199')
    assert.equal(last?.seq, await base.last())
    await base.close()
  })

  it('may come between the judgement and the commit', async (t) => {
    const base = await memoryLog()
    const turns: (() => unknown)[] = []
    // The last look-up of the judgement is that of the last draft.
    let left = 30
    const log = wrap(base, {
      store: (namespace) => {
        const store = base.store(namespace)
        if (namespace !== 'tidings/held/poll') return store
        const get: typeof store.get = async (key) => {
          const entry = await store.get(key)
          if (entry !== undefined && turns.length > 0 && --left === 0) turns.shift()?.()
          return entry as never
        }
        return { ...store, get }
      },
    })
    const { run, told, held, jobs } = await afterFirst(t, { log })
    await run(() => poll('b', 30))
    let released: Promise<unknown> | undefined
    turns.push(() => (released = jobs.release('poll')))
    const report = await run(() => poll('b', 30))
    await released
    assert.deepEqual([report.status, report.duplicate, report.held], ['done', 30, undefined])
    assert.deepEqual([await told(), await held()], [30, undefined])
    for await (const { key } of base.store('tidings/held/poll').list()) assert.fail(key)
    await base.close()
  })
})

describe('the bounds of a flood', () => {
  it('are 10 000 drafts: a run with more fails, and nothing of it is stored', async (t) => {
    const { run, told, held, state } = await afterFirst(t)
    const report = await run(({ state }) => {
      state.set('n', 1)
      return poll('b', 10_001)
    })
    assert.equal((report.error as { code?: string }).code, 'TIDINGS_FLOOD_TOO_LARGE')
    assert.match(report.error?.message ?? '', /job "poll" .*10000.*flood: false/)
    assert.deepEqual([await told(), await held(), await state()], [0, undefined, undefined])
    assert.equal((await run(() => poll('b', 10_000))).held, 10_000)
  })

  it('are 32 MiB: a run with more fails', async (t) => {
    const { run, told, held } = await afterFirst(t)
    const report = await run(() => poll('b', 140, 'x'.repeat(250_000)))
    assert.equal((report.error as { code?: string }).code, 'TIDINGS_FLOOD_TOO_LARGE')
    assert.deepEqual([await told(), await held()], [0, undefined])
  })

  it('hold for all polls together', async (t) => {
    const { run, held, state } = await afterFirst(t)
    await run(() => poll('b', 9990))
    const report = await run(({ state }) => {
      state.set('n', 1)
      return poll('c', 20)
    })
    assert.equal((report.error as { code?: string }).code, 'TIDINGS_FLOOD_TOO_LARGE')
    assert.deepEqual([await held(), await state()], [9990, undefined])
  })

  it('are not touched by polls that repeat what is held', async (t) => {
    const { here, run } = await afterFirst(t)
    const revisions = async (): Promise<number[]> => {
      const all: number[] = [(await here.log.store('tidings/floods').get('poll'))?.revision ?? 0]
      for await (const { revision } of here.log.store('tidings/held/poll').list()) all.push(revision)
      return all
    }
    await run(() => poll('b', 30, { title: 'x' }))
    const before = await revisions()
    for (let i = 0; i < 3; i++) await run(() => poll('b', 30, { title: 'x' }))
    assert.deepEqual(await revisions(), before)
  })

  it('count each held draft with its newest data', async (t) => {
    const { here, run } = await afterFirst(t)
    const size = async (): Promise<number> => (await new HeldDrafts(here.log, 'poll').record())?.held?.size ?? 0
    await run(() => poll('b', 30, 'x'.repeat(1000)))
    assert.ok((await size()) > 30_000)
    for (let i = 0; i < 3; i++) await run(() => poll('b', 30, 'y'))
    assert.ok((await size()) < 1000, `${await size()}`)
  })

  it('do not hold back a long run without a flood: its first 10 000 drafts decide', async (t) => {
    const { run, told, held } = await afterFirst(t)
    await run(() => poll('b', 19))
    const most = [...poll('first', 30), ...poll('b', 19)]
    let pages = 0
    const report = await run(async function* () {
      for (; pages < 230; pages++) yield* most
      assert.ok((await told()) === 19)
      yield* poll('c', 2000)
    })
    assert.deepEqual([report.status, report.new, await told(), await held()], ['done', 2000, 2019, undefined])
  })

  it('let a long run replace held drafts after its first 10 000', async (t) => {
    const { here, run, held, jobs } = await afterFirst(t)
    await run(() => poll('b', 30, 'old'))
    const report = await run(function* () {
      for (let i = 0; i < 400; i++) yield* poll('first', 30)
      yield* poll('b', 30, 'newer')
    })
    assert.deepEqual([report.new, report.duplicate, await held()], [0, 12_000, 30])
    await jobs.release('poll')
    assert.equal((await here.log.get('made', 'b7'))?.data, 'newer')
  })
})

describe('the judgement', () => {
  it('knows events whose bodies were pruned', async (t) => {
    const { here, run } = await afterFirst(t)
    await here.log.accept([made('newest')])
    await here.log.prune({ count: 1 })
    assert.equal(await here.log.get('made', 'first1'), undefined)
    const report = await run(() => poll('first', 30))
    assert.deepEqual([report.duplicate, report.held], [30, undefined])
  })

  it('follows the identity rule of the log', async (t) => {
    const log = await memoryLog({ identity: 'identifier' })
    const { run } = await afterFirst(t, { log })
    const others = poll('first', 30).map((draft) => ({ ...draft, type: 'other' }))
    const report = await run(() => others)
    assert.deepEqual([report.duplicate, report.held], [30, undefined])
    assert.equal((await run(() => poll('b', 30))).held, 30)
    await log.close()
  })

  it('learns nothing from a failed run', async (t) => {
    const { run } = await afterFirst(t)
    for (const prefix of ['b', 'c', 'd', 'e']) {
      await run(async function* () {
        yield* poll(prefix, 5)
        throw new Error('no')
      })
    }
    assert.equal((await run(() => poll('f', 30))).held, 30)
  })
})
