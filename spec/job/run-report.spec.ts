import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancel, Retry } from '../../lib/core/control.ts'
import { drafts } from '../../lib/job/drafts.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import { runOnce } from '../../lib/job/run-once.ts'
import { history, type RunRow } from '../../lib/job/run-report.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { always, cron, every, manual } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Place, place, wrap } from '../support/agent-harness.ts'

const MINUTE = 60_000

/** The history of a job in the log, oldest first. */
async function remembered({ log }: Place, name = 'j'): Promise<RunRow[]> {
  const rows: RunRow[] = []
  for await (const row of history(log, name, {})) rows.push(row)
  return rows
}

/** In short: minute of the slot, attempt, status, and the number of slots it stands for. */
async function inShort(here: Place): Promise<string[]> {
  return (await remembered(here)).map(({ slot, attempt, status, slots }) => {
    const minutes = (Date.parse(slot) - Date.parse('2026-01-01T00:00:00Z')) / MINUTE
    return [minutes, ...(attempt === 0 ? [] : [`#${attempt}`]), status, ...(slots === undefined ? [] : [slots])].join(
      ' ',
    )
  })
}

const forever = () => new Promise<void>(() => undefined)
const lasting =
  ({ clock }: Place, ms: number): Run =>
  ({ signal }) =>
    new Promise<void>((resolve) => {
      const cancel = clock.timer(resolve, ms)
      signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })

describe('the history of a job', () => {
  it('has each run: its slot, its start, how late and how long it was, and its counts', async (t) => {
    const here = await place(t)
    const look = job('j', every(10).minutes, async ({ publish, slot }) => {
      publish('made', 'always the same', 1)
      publish('made', slot.toISOString(), 1)
      await new Promise<void>((resolve) => void here.clock.timer(resolve, 1500))
    })
    const running = await here.begin([look])
    await here.clock.advance(20 * MINUTE + 2000)
    const report = running.trigger('j')
    await here.clock.advance(2000)
    await report
    const [first, second, asked] = await remembered(here)
    const punctual = { attempt: 1, status: 'done', late: 0, ms: 1500, changed: 0 }
    assert.deepEqual(first, {
      slot: '2026-01-01T00:10:00.000Z',
      began: '2026-01-01T00:10:00.000Z',
      new: 2,
      duplicate: 0,
      ...punctual,
    })
    assert.deepEqual(second, {
      slot: '2026-01-01T00:20:00.000Z',
      began: '2026-01-01T00:20:00.000Z',
      new: 1,
      duplicate: 1,
      ...punctual,
    })
    assert.equal(asked?.slot, '2026-01-01T00:20:02.000Z')
  })

  it('has each attempt, with its error in words without secrets', async (t) => {
    const here = await place(t)
    process.env.SPEC_HISTORY_SECRET = 'hush-hush'
    t.after(() => delete process.env.SPEC_HISTORY_SECRET)
    let tries = 0
    const run: Run = ({ secret }) => {
      tries += 1
      if (tries === 1) throw new Error(`no entry with ${secret('SPEC_HISTORY_SECRET')}`)
      if (tries === 2) throw new Retry({ after: '2m' })
    }
    await here.begin([job('j', every(10).minutes, run, { retry: 1 })])
    await here.clock.advance(13 * MINUTE)
    const rows = await remembered(here)
    assert.deepEqual(
      rows.map(({ attempt, status, late, error }) => [attempt, status, late, error?.name]),
      [
        [1, 'failed', 0, 'Error'],
        [2, 'failed', 1000, 'Retry'],
        [3, 'done', 121_000, undefined],
      ],
    )
    assert.match(rows[0]?.error?.message ?? '', /^no entry with (?!hush)/)
    assert.deepEqual(Object.keys(rows[0]?.error ?? {}), ['name', 'message'])
    assert.ok(!JSON.stringify(rows).includes('hush'))
  })

  it('has a run that exceeded its timeout as abandoned; its slot is done, and the next one runs', async (t) => {
    const here = await place(t)
    await here.begin([job('j', every(10).minutes, forever, { timeout: '3m' })])
    await here.clock.advance(24 * MINUTE)
    assert.deepEqual(await inShort(here), ['10 #1 abandoned', '20 #1 abandoned'])
    const [first] = await remembered(here)
    assert.equal(first?.error?.code, 'TIDINGS_RUN_TIMEOUT')
    assert.match(String(here.notes.said('job failed')[0]?.err), /took longer than its timeout .* and was abandoned/)
  })

  it('has a run that the agent cut off as abandoned', async (t) => {
    const here = await place(t)
    const running = await here.begin([job('j', every(10).minutes, forever, { timeout: '9m' })])
    await here.clock.advance(10 * MINUTE)
    await here.end(running)
    assert.deepEqual(await inShort(here), ['10 #1 abandoned'])
    const [cut] = await remembered(here)
    assert.match(cut?.error?.message ?? '', /grace period/)
  })

  it('has a run whose process died as abandoned', async () => {
    const lost = wrap(await memoryLog(), {
      runs: async function* (of) {
        yield { job: of, slot: new Date(0), attempt: 2 }
      },
    })
    const rows: RunRow[] = []
    for await (const row of history(lost, 'j', {})) rows.push(row)
    await lost.close()
    const nothing = { late: 0, ms: 0, new: 0, changed: 0, duplicate: 0 }
    assert.deepEqual(rows, [{ slot: '1970-01-01T00:00:00.000Z', attempt: 2, status: 'abandoned', ...nothing }])
  })

  it('has the slots that a hung run blocks, while it hangs, as one record for each run', async (t) => {
    const here = await place(t)
    await here.begin([job('j', every(1).minute, forever, { timeout: '3m30s' })])
    await here.clock.advance(3 * MINUTE)
    assert.deepEqual(await inShort(here), ['2 blocked 2'])
    await here.clock.advance(7 * MINUTE)
    assert.deepEqual(await inShort(here), [
      '1 #1 abandoned',
      '2 blocked 3',
      '5 #1 abandoned',
      '6 blocked 3',
      '10 blocked 1',
    ])
    const blocked = (await remembered(here)).find(({ status }) => status === 'blocked')
    assert.equal(blocked?.until, '2026-01-01T00:04:00.000Z')
    assert.equal(here.notes.said('run skipped').length, 7)
  })

  const policies: Record<NonNullable<JobOptions['overlap']>, string[]> = {
    skip: ['1 #1 done', '2 blocked 2', '4 #1 done', '5 blocked 2'],
    queue: ['1 #1 done', '2 #1 done', '3 blocked 1', '5 blocked 2'],
    replace: ['1 #1 replaced', '2 #1 replaced', '3 #1 replaced', '4 #1 replaced', '5 #1 replaced', '6 #1 replaced'],
    parallel: ['1 #1 done', '2 #1 done', '3 #1 done', '4 #1 done'],
  }
  for (const [policy, expected] of Object.entries(policies)) {
    it(`has every slot of a job three times longer than its interval (${policy})`, async (t) => {
      const here = await place(t)
      const overlap = policy as NonNullable<JobOptions['overlap']>
      await here.begin([job('j', every(1).minute, lasting(here, 3 * MINUTE - 1), { overlap })])
      await here.clock.advance(7 * MINUTE)
      assert.deepEqual(await inShort(here), expected)
    })
  }

  it('counts the slots that were missed and not run, under each policy', async (t) => {
    const expected = {
      once: ['5 #1 done', '15 missed 9', '105 #1 done'],
      skip: ['5 #1 done', '15 missed 10'],
      all: ['5 #1 done', ...Array.from({ length: 10 }, (_, i) => `${15 + 10 * i} #1 done`)],
    }
    for (const missed of ['once', 'skip', 'all'] as const) {
      const here = await place(t, new Date('2026-01-01T00:00:00Z'))
      const part = job('j', cron('5-59/10 * * * *', { timezone: 'UTC' }), () => undefined, { missed })
      const first = await here.begin([part])
      await here.clock.advance(10 * MINUTE)
      await here.end(first)
      await here.clock.advance(100 * MINUTE)
      const second = await here.begin([part])
      await here.clock.advance(0)
      assert.deepEqual(await inShort(here), expected[missed])
      assert.equal(here.notes.said('slots missed').length, missed === 'all' ? 0 : 1)
      await here.end(second)
    }
  })

  it('keeps blocked slots from running after a restart', async (t) => {
    const here = await place(t)
    const slow = job('j', every(1).minute, lasting(here, 3.2 * MINUTE), { missed: 'all' })
    const running = await here.begin([slow])
    await here.clock.advance(4.5 * MINUTE)
    await here.end(running)
    await here.begin([slow])
    await here.clock.advance(MINUTE)
    assert.deepEqual(await inShort(here), ['1 #1 done', '2 blocked 3'])
    assert.equal(here.notes.said('running job').length, 2)
  })
})

describe('a late run', () => {
  it('knows when it was due, and how late it is', async (t) => {
    const here = await place(t)
    const seen: [slot: string, late: number][] = []
    const look = job(
      'j',
      every(10).minutes,
      ({ slot, late }) => void seen.push([slot.toISOString().slice(11, 16), late]),
    )
    await here.end(await here.begin([look]))
    await here.clock.advance(33 * MINUTE)
    await here.begin([look])
    await here.clock.advance(7 * MINUTE)
    assert.deepEqual(seen, [
      ['00:30', 3 * MINUTE],
      ['00:40', 0],
    ])
    assert.deepEqual(
      here.notes.said('running job').map(({ late }) => late),
      [3 * MINUTE, undefined],
    )
  })

  it('is not late by its jitter', async (t) => {
    const here = await place(t)
    const seen: number[] = []
    await here.begin([job('j', every(10).minutes, ({ late }) => void seen.push(late), { jitter: '5m' })])
    await here.clock.advance(60 * MINUTE)
    assert.deepEqual([...new Set(seen)], [0])
  })
})

describe('a run that cancels its job', () => {
  const counting = (upTo: number, seen: number[]) => {
    const run: Run = ({ publish, state, slot }: JobContext) => {
      seen.push(slot.getUTCMinutes())
      publish('made', slot.toISOString(), 1)
      state.set('seen', seen.length)
      if (seen.length === upTo) throw new Cancel('that is all')
    }
    return job('j', every(10).minutes, run, { retry: 3 })
  }

  it('succeeds and is the last one, also after a restart, until the job is resumed', async (t) => {
    const here = await place(t)
    const seen: number[] = []
    const running = await here.begin([counting(2, seen)])
    await here.clock.advance(60 * MINUTE)
    assert.deepEqual(seen, [10, 20])
    assert.equal((await here.events()).length, 2)
    assert.equal((await here.log.store('job/j').get('seen'))?.value, 2)
    assert.deepEqual(await inShort(here), ['10 #1 done', '20 #1 cancelled'])
    assert.equal((await remembered(here))[1]?.reason, 'that is all')
    assert.deepEqual(here.notes.said('job failed'), [])
    assert.deepEqual(
      here.notes.said('job cancelled').map(({ reason }) => reason),
      ['that is all'],
    )
    const [status] = (await running.status()).jobs
    assert.deepEqual([status?.paused, status?.next], [true, undefined])
    await here.end(running)
    const again = await here.begin([counting(2, seen)])
    await here.clock.advance(60 * MINUTE)
    assert.equal(seen.length, 2)
    await here.end(again)
  })

  it('does not cancel it if one of its publishes was refused', async (t) => {
    const here = await place(t)
    await here.begin([
      job('j', every(10).minutes, ({ publish }) => {
        publish('made', 'bad', Number.NaN)
        throw new Cancel('no')
      }),
    ])
    await here.clock.advance(20 * MINUTE)
    assert.deepEqual(await inShort(here), ['10 #1 failed', '20 #1 failed'])
  })

  it('may be an endless run', async (t) => {
    const here = await place(t)
    let runs = 0
    const push = job('j', always(), async () => {
      runs += 1
      await new Promise<void>((resolve) => void here.clock.timer(resolve, MINUTE))
      throw new Cancel('nobody pushes any more')
    })
    const running = await here.begin([push])
    await here.clock.advance(60 * MINUTE)
    await here.end(running)
    await here.begin([push])
    await here.clock.advance(60 * MINUTE)
    assert.equal(runs, 1)
    let completed = 0
    drafts(push, { clock: here.clock }).subscribe({ complete: () => (completed += 1) })
    await here.clock.advance(60 * MINUTE)
    assert.deepEqual([runs, completed], [2, 1])
  })

  it('completes drafts and runOnce', async () => {
    const clock = virtualClock()
    const made: string[] = []
    let completed = 0
    const part = counting(2, [])
    drafts(part, { clock }).subscribe({
      next: (draft) => made.push(draft.identifier),
      complete: () => (completed += 1),
    })
    await clock.advance(60 * MINUTE)
    assert.deepEqual([made.length, completed, clock.timers], [2, 1, 0])
    const once: string[] = []
    await runOnce(counting(1, []), { clock }).forEach((draft) => void once.push(draft.identifier))
    assert.equal(once.length, 1)
  })

  it('may be a run by hand', async (t) => {
    const here = await place(t)
    const running = await here.begin([
      job('j', manual(), () => {
        throw new Cancel('enough')
      }),
    ])
    const report = await running.trigger('j')
    assert.deepEqual([report?.status, report?.reason, report?.error], ['cancelled', 'enough', undefined])
    assert.equal((await running.status()).jobs[0]?.paused, true)
    // A run by hand ignores the pause.
    assert.equal((await running.trigger('j'))?.status, 'cancelled')
  })
})

describe('the pause before a retry', () => {
  it('does not grow when the clock goes back, and is over when it jumps ahead or the machine slept', async (t) => {
    for (const [step, after] of [
      [-120 * MINUTE, 5],
      [0, 5],
      [120 * MINUTE, 1],
    ] as const) {
      const here = await place(t)
      const tried: number[] = []
      let passed = 0
      const run: Run = ({ attempt }) => {
        tried.push(passed)
        if (attempt === 1) throw new Retry({ after: '5m' })
      }
      const running = await here.begin([job('j', every(1).day, run)])
      await here.clock.advance(24 * 60 * MINUTE)
      here.clock.step(step)
      for (passed = 1; passed <= 10; passed++) await here.clock.advance(MINUTE)
      assert.deepEqual(tried, [0, after], `${step}`)
      await here.end(running)
    }
  })
})
