import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Observable } from 'rxjs'
import type { Draft } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { drafts } from '../../lib/job/drafts.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { distinctByIdentifier } from '../../lib/log/distinct.ts'
import { always, every, manual, once } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { notes, unhandled } from '../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()

function listen(run: Run, options: JobOptions = {}, schedule = every(10).seconds) {
  const clock = virtualClock()
  const logger = notes()
  const emitted: string[] = []
  const ends: unknown[] = []
  const draft$ = drafts(job('make', schedule, run, options), { clock, context: { logger } })
  const subscribe = () =>
    draft$.subscribe({
      next: ({ identifier }) => emitted.push(identifier),
      error: (error) => ends.push(error),
      complete: () => ends.push('done'),
    })
  return { clock, logger, emitted, ends, draft$, subscribe }
}

describe('drafts', () => {
  it('emits what a job publishes, run after run, from the first slot after the subscription; never ends', async () => {
    let n = 0
    const { clock, emitted, ends, subscribe } = listen(() => [made(`${++n}`, { n }), made('same', { n })])
    await clock.advance(100_000)
    assert.equal(n, 0)
    const subscription = subscribe()
    await clock.advance(9999)
    assert.deepEqual(emitted, [])
    await clock.advance(1)
    assert.deepEqual(emitted, ['1', 'same'])
    await clock.advance(20_000)
    assert.deepEqual(emitted, ['1', 'same', '2', 'same', '3', 'same'])
    await clock.advance(1_800_000)
    assert.deepEqual([n, ends], [183, []])
    subscription.unsubscribe()
  })

  it('is cold: each subscriber has its own runs', async () => {
    let runs = 0
    const { clock, emitted, subscribe } = listen(() => made(`${++runs}`, { n: runs }))
    const both = [subscribe(), subscribe()]
    await clock.advance(10_000)
    assert.equal(runs, 2)
    assert.deepEqual(emitted.sort(), ['1', '2'])
    for (const one of both) one.unsubscribe()
  })

  it('resolves publish to `offered` at once', async () => {
    const answers: unknown[] = []
    const { clock, emitted, subscribe } = listen(async ({ publish }) => {
      answers.push(await publish(made, '1', { n: 1 }))
    })
    const subscription = subscribe()
    await clock.advance(10_000)
    assert.deepEqual(answers, [{ status: 'offered', seq: 0 }])
    assert.deepEqual(emitted, ['1'])
    subscription.unsubscribe()
  })

  it('continues after runs that throw, hang or publish invalid data, and logs them', async () => {
    let runs = 0
    const { clock, emitted, ends, logger, subscribe } = listen(
      ({ publish }) => {
        runs += 1
        if (runs === 1) throw new Error('no')
        if (runs === 2) return new Promise(() => undefined)
        if (runs === 3) {
          publish('made', 'bad', 1n)
          publish(made, 'good', { n: 1 })
          return
        }
        if (runs === 4) return 7 as unknown as Draft
        return made(`${runs}`, { n: runs })
      },
      { timeout: '2s' },
    )
    const seen = await unhandled(async () => {
      const subscription = subscribe()
      await clock.advance(50_000)
      subscription.unsubscribe()
    })
    assert.deepEqual(emitted, ['good', '5'])
    assert.deepEqual(ends, [])
    assert.deepEqual(seen, [])
    const codes = logger.said('job failed').map(({ err }) => (err as { code?: string }).code ?? (err as Error).message)
    assert.deepEqual(codes, ['no', 'TIDINGS_RUN_TIMEOUT', 'TIDINGS_DATA_INVALID', 'TIDINGS_JOB_RESULT'])
  })

  it('aborts the current run and stops every timer when unsubscribed, without logging a failure', async () => {
    let signal: AbortSignal | undefined
    let left = 0
    const { clock, logger, ends, subscribe } = listen((context) => {
      signal = context.signal
      return new Observable(() => () => (left += 1))
    })
    const seen = await unhandled(async () => {
      const subscription = subscribe()
      await clock.advance(10_000)
      assert.equal(signal?.aborted, false)
      subscription.unsubscribe()
      assert.match(String(signal?.reason), /no subscriber left/)
      await clock.advance(0)
    })
    assert.equal(left, 1)
    assert.equal(clock.timers, 0)
    assert.deepEqual([seen, ends, logger.said('job failed')], [[], [], []])
    await clock.advance(60_000)
    assert.equal(left, 1)
  })

  it('stops every timer when unsubscribed before, between and after runs, and during a wait for a retry', async () => {
    const { clock, subscribe } = listen(
      () => {
        throw new Error('no')
      },
      { retry: 3, jitter: '5s' },
    )
    for (const ms of [0, 5000, 10_001, 15_500, 22_000]) {
      const subscription = subscribe()
      await clock.advance(ms)
      subscription.unsubscribe()
      await clock.advance(0)
      assert.equal(clock.timers, 0, String(ms))
    }
  })

  it('ends its runs when the signal of the context aborts', async () => {
    const outer = new AbortController()
    const clock = virtualClock()
    let signal: AbortSignal | undefined
    const run = job('make', every(10).seconds, (context) => {
      signal = context.signal
      return new Promise<void>(() => undefined)
    })
    const logger = notes()
    const subscription = drafts(run, { clock, context: { signal: outer.signal, logger } }).subscribe()
    await clock.advance(10_000)
    outer.abort()
    assert.equal(signal?.aborted, true)
    subscription.unsubscribe()
  })

  it('follows the schedule: no run for manual or disabled jobs, one at once for always, one for once', async () => {
    for (const [schedule, options, runs] of [
      [manual(), {}, 0],
      [every(1).second, { enabled: false }, 0],
      [always(), {}, 1],
      [manual(), { atStart: true }, 1],
      [once(new Date('2026-01-01T00:00:30Z')), {}, 1],
    ] as const) {
      let ran = 0
      const run: Run = () => {
        ran += 1
        return schedule.kind === 'always' ? new Promise(() => undefined) : undefined
      }
      const { clock, ends, subscribe } = listen(run, options, schedule as never)
      const subscription = subscribe()
      await clock.advance(100_000)
      assert.deepEqual([ran, ends], [runs, []], schedule.toString())
      subscription.unsubscribe()
      assert.equal(clock.timers, 0)
    }
  })

  it('keeps state from run to run, for each subscriber', async () => {
    const { clock, emitted, subscribe } = listen(async ({ state }) => {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      state.set('n', n)
      return made(`${n}`, { n })
    })
    const first = subscribe()
    await clock.advance(20_000)
    const second = subscribe()
    await clock.advance(10_000)
    assert.deepEqual(emitted, ['1', '2', '3', '1'])
    first.unsubscribe()
    second.unsubscribe()
  })

  it('passes each identity once through distinctByIdentifier', async (t) => {
    const clock = virtualClock()
    const log = await memoryLog({ clock })
    t.after(() => log.close())
    let runs = 0
    const hello = job('hello', every(2).seconds, () => made(runs++ < 3 ? '123' : '456', { n: 1 }))
    const told: string[] = []
    const subscription = drafts(hello, { clock })
      .pipe(distinctByIdentifier(log))
      .subscribe((event) => told.push(event.identifier))
    await clock.advance(20_000)
    assert.equal(runs, 10)
    assert.deepEqual(told, ['123', '456'])
    subscription.unsubscribe()
  })
})
