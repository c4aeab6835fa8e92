import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Observable } from 'rxjs'
import type { Publish } from '../../lib/core/context.ts'
import { Retry } from '../../lib/core/control.ts'
import type { Draft, Receipt } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import type { RunReport } from '../../lib/job/run-report.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { always, every, manual } from '../../lib/schedule/index.ts'
import { place, unhandled, wrap } from '../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code
const identifiers = (events: readonly Draft[]) => events.map(({ identifier }) => identifier)

const wrongs: Record<string, Run> = {
  'throws at once': () => {
    throw new Error('no')
  },
  rejects: async () => {
    throw new Error('no')
  },
  'throws a value that is not an Error': () => {
    throw 'no' as unknown
  },
  'rejects with nothing': async () => {
    throw undefined as unknown
  },
  'throws in a generator': function* () {
    yield* []
    throw new Error('no')
  },
  'rejects in an async generator': async function* () {
    yield* []
    throw new Error('no')
  },
  'errors as an Observable': () => new Observable((subscriber) => subscriber.error(new Error('no'))),
  'returns garbage': (() => 7) as unknown as Run,
  'publishes garbage': ({ publish }) => {
    publish('made', '1', { at: new Date(0) })
  },
  hangs: () => new Promise(() => undefined),
  'hangs in an async generator': async function* () {
    yield* []
    await new Promise(() => undefined)
  },
  'hangs as an Observable': () => new Observable(() => undefined),
}

describe('a failing run', () => {
  for (const [how, wrong] of Object.entries(wrongs)) {
    it(`does not end its job when it ${how}`, async (t) => {
      const { begin, clock, notes } = await place(t)
      const begun: number[] = []
      const run: Run = (context) => {
        begun.push(clock.now() - start)
        return wrong(context)
      }
      const start = clock.now()
      const seen = await unhandled(async () => {
        await begin([job('wrong', every(10).seconds, run, { timeout: '4s' })])
        await clock.advance(45_000)
      })
      assert.deepEqual(begun, [10_000, 20_000, 30_000, 40_000])
      assert.equal(notes.said('job failed').length, 4)
      assert.deepEqual(seen, [])
    })
  }

  it('is reported at its timeout if it hangs; its signal aborts, and the next slot runs', async (t) => {
    const { begin, clock, notes } = await place(t)
    const contexts: JobContext[] = []
    const hang = job(
      'hang',
      every(10).seconds,
      (context) => {
        contexts.push(context)
        return new Promise<void>(() => undefined)
      },
      { timeout: '3s' },
    )
    await begin([hang])
    await clock.advance(12_999)
    assert.deepEqual(notes.said('job failed'), [])
    assert.equal(contexts[0]?.signal.aborted, false)
    await clock.advance(1)
    assert.equal(codeOf(notes.said('job failed')[0]?.err), 'TIDINGS_RUN_TIMEOUT')
    assert.equal(contexts[0]?.signal.aborted, true)
    assert.equal(codeOf(contexts[0]?.signal.reason), 'TIDINGS_RUN_TIMEOUT')
    await clock.advance(8_000)
    assert.equal(contexts.length, 2)
    assert.equal(contexts[1]?.signal.aborted, false)
  })

  it('says with each failure which attempt it was, of how many, and when the next one is', async (t) => {
    const { begin, clock, notes } = await place(t)
    const fail = () => Promise.reject(new Error('no'))
    const retry = () => Promise.reject(new Retry({ after: '1m' }))
    const once = job('once', manual(), fail, { atStart: true })
    const twice = job('twice', manual(), fail, { atStart: true, retry: 1 })
    await begin([once, twice, job('asks', manual(), retry, { atStart: true }), job('push', always(), fail)])
    await clock.advance(1500)
    const said = (name: string): unknown[] =>
      notes.said('job failed').flatMap(({ job, err: _, slot: __, ...rest }) => (job === name ? [rest] : []))
    assert.deepEqual(said('once'), [{ attempt: 1, attempts: 1 }])
    assert.deepEqual(said('twice'), [
      { attempt: 1, attempts: 2, wait: 1000 },
      { attempt: 2, attempts: 2 },
    ])
    assert.deepEqual(said('asks'), [{ attempt: 1, wait: 60_000 }])
    assert.deepEqual(said('push'), [
      { attempt: 1, wait: 1000 },
      { attempt: 2, wait: 2000 },
    ])
  })

  it('has a timeout of five minutes by default, and none if it is always', async (t) => {
    const { begin, clock, notes } = await place(t)
    const hang = () => new Promise<void>(() => undefined)
    await begin([job('hang', manual(), hang, { atStart: true }), job('push', always(), hang)])
    await clock.advance(299_999)
    assert.deepEqual(notes.said('job failed'), [])
    await clock.advance(1)
    assert.deepEqual(
      notes.said('job failed').map((said) => said.job),
      ['hang'],
    )
    await clock.advance(3_600_000)
    assert.equal(notes.said('job failed').length, 1)
  })

  it('rejects publishes once it is over, without an unhandledRejection', async (t) => {
    const { begin, clock, events } = await place(t)
    const kept: Publish[] = []
    const late: Promise<Receipt>[] = []
    const keep = job('keep', every(10).seconds, ({ publish }) => void kept.push(publish))
    const hang = job(
      'hang',
      every(10).seconds,
      async ({ publish, signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        late.push(publish(made, 'after the timeout', { n: 1 }))
        await publish(made, 'after the timeout, too', { n: 1 })
      },
      { timeout: '1s' },
    )
    const seen = await unhandled(async () => {
      await begin([keep, hang])
      await clock.advance(11_000)
      for (const publish of kept) late.push(publish(made, 'after the run', { n: 1 }))
      // And one that is never awaited.
      void kept[0]?.(made, 'unheard', { n: 1 })
      await clock.advance(1000)
    })
    assert.deepEqual(seen, [])
    assert.equal(late.length, 2)
    for (const publish of late) await assert.rejects(publish, { code: 'TIDINGS_RUN_ENDED' })
    assert.deepEqual(await events(), [])
  })

  it('fails with the error of a publish that is not awaited, without an unhandledRejection', async (t) => {
    const { begin, events } = await place(t)
    let report: RunReport | undefined
    const seen = await unhandled(async () => {
      const running = await begin([
        job('careless', manual(), ({ publish }) => {
          publish('made', '1', { n: Number.NaN })
          publish(made, '2', { n: 2 })
        }),
      ])
      report = await running.trigger('careless')
    })
    assert.deepEqual(seen, [])
    assert.equal(codeOf(report?.error), 'TIDINGS_DATA_INVALID')
    assert.match(report?.error?.message ?? '', /"made" "1".*NaN/)
    assert.deepEqual(identifiers(await events()), ['2'])
  })

  it('fails even if it caught the error of its publish', async (t) => {
    const { begin } = await place(t)
    const running = await begin([
      job('swallows', manual(), async ({ publish }) => {
        await publish('made', '1', 1n).catch(() => undefined)
      }),
    ])
    assert.equal(codeOf((await running.trigger('swallows'))?.error), 'TIDINGS_DATA_INVALID')
  })

  const bad: Record<string, unknown> = {
    'data that is not JSON': { type: 'made', identifier: 'bad', data: new Date(0) },
    'a number as identifier': { type: 'made', identifier: 5, data: 1 },
    'an empty type': { type: '', identifier: 'bad', data: 1 },
    'half a surrogate pair': { type: 'made', identifier: 'bad \ud800', data: 1 },
    'too much data': { type: 'made', identifier: 'bad', data: 'x'.repeat(300_000) },
    "one of the engine's types": { type: 'tidings.job.failed', identifier: 'bad', data: 1 },
  }
  const places = { first: 0, 'in the middle': 2, last: 4 }
  for (const [what, draft] of Object.entries(bad)) {
    it(`keeps the good ones of many drafts beside ${what}, at any place, and names it`, async (t) => {
      for (const [where, index] of Object.entries(places)) {
        const { begin, events } = await place(t)
        const good = [1, 2, 3, 4].map((n) => made(String(n), { n }))
        const all = good.toSpliced(index, 0, draft as (typeof good)[0])
        const running = await begin([job('many', manual(), () => all)])
        const { error, ...report } = (await running.trigger('many')) as RunReport
        assert.ok(error instanceof AggregateError, `${where}: ${error}`)
        assert.equal(error.errors.length, 1)
        assert.ok(error.message.includes(error.errors[0].message), where)
        assert.deepEqual(identifiers(await events()), ['1', '2', '3', '4'], where)
        assert.equal(report.new, 4)
      }
    })
  }

  it('names every bad draft, and the error it threw beside them', async (t) => {
    const { begin, events } = await place(t)
    const running = await begin([
      job('many', manual(), function* () {
        yield made('1', { n: 1 })
        yield { type: 'made', identifier: 'x', data: Number.NaN }
        yield { type: 'made', identifier: 'y', data: Number.NaN }
        yield made('2', { n: 2 })
        throw new Error('and then it broke')
      }),
    ])
    const error = (await running.trigger('many'))?.error
    assert.ok(error instanceof AggregateError)
    assert.equal(error.errors.length, 3)
    assert.match(error.message, /and then it broke/)
    assert.match(error.message, /"made" "x"[^;]*; .*"made" "y"/)
    assert.deepEqual(identifiers(await events()), ['1', '2'])
  })

  it('fails with the single error of a failing log, however much it published', async (t) => {
    const { begin, log } = await place(t)
    const failed = new Error('disk full')
    const failing = wrap(log, { accept: () => Promise.reject(failed) })
    const running = await begin([job('many', manual(), () => [1, 2, 3].map((n) => made(String(n), { n })))], {
      log: failing,
    })
    assert.equal((await running.trigger('many'))?.error, failed)
  })
})

describe('a run', () => {
  it('that publishes nothing is two commits, its claim and its success; its history is complete', async (t) => {
    const { begin, clock, log } = await place(t)
    const running = await begin([job('quiet', every(10).seconds, () => undefined)])
    await clock.advance(10_000)
    const commits = (): number => log.meter?.commitEvents.buckets.reduce((all, some) => all + some, 0) ?? 0
    const before = commits()
    await clock.advance(50_000)
    assert.equal(commits() - before, 10)
    await running.stop()
    let runs = 0
    for await (const { outcome } of log.runs('quiet')) {
      const { began: _, ...rest } = outcome as { began: string }
      assert.deepEqual(rest, { status: 'done', late: 0, ms: 0, new: 0, changed: 0, duplicate: 0 })
      runs += 1
    }
    assert.equal(runs, 6)
    assert.deepEqual(await log.slots('quiet'), { upTo: new Date(clock.now()), open: [] })
  })

  it('that asks for no signal costs none', async (t) => {
    const { begin, clock } = await place(t)
    let asked = false
    await begin([job('quiet', every(10).seconds, (context) => void (asked && context.signal))])
    await clock.advance(10_000)
    const created = t.mock.method(globalThis, 'AbortController')
    await clock.advance(50_000)
    assert.equal(created.mock.callCount(), 0)
    asked = true
    await clock.advance(10_000)
    assert.equal(created.mock.callCount(), 1)
  })

  it('waits for what it published, awaited or not', async (t) => {
    const { begin, log, clock } = await place(t)
    const answers: (() => void)[] = []
    const slow = wrap(log, {
      accept: async (...given) => {
        const receipts = await log.accept(...given)
        if (receipts.length > 0) await new Promise<void>((resolve) => answers.push(resolve))
        return receipts
      },
    })
    const running = await begin(
      [
        job('make', manual(), ({ publish }) => {
          // The second publish happens when the first resolves, long after the run returned.
          void publish(made, '1', { n: 1 }).then(() => publish(made, '2', { n: 2 }))
        }),
      ],
      { log: slow },
    )
    let ended = false
    const report = running.trigger('make').finally(() => (ended = true))
    for (const expected of ['the first', 'the second']) {
      await clock.advance(1000)
      assert.equal(ended, false, expected)
      assert.equal(answers.length, 1, expected)
      answers.shift()?.()
    }
    assert.equal((await report)?.new, 2)
  })

  it('is reported with counts and log lines', async (t) => {
    const { begin, clock, notes } = await place(t)
    const weather = eventType('weather').of<{ t: number }>({ changed: true })
    let degrees = 1
    const running = await begin([
      job('look', every(10).seconds, ({ publish, slot }) => {
        publish(made, slot.toISOString(), { n: 1 })
        publish(made, 'always the same', { n: 1 })
        publish(weather, 'here', { t: degrees++ })
      }),
    ])
    await clock.advance(20_000)
    assert.deepEqual(
      notes.said('running job').map(({ job: name, slot }) => [name, (slot as Date).toISOString()]),
      [
        ['look', '2026-01-01T00:00:10.000Z'],
        ['look', '2026-01-01T00:00:20.000Z'],
      ],
    )
    const counts = notes.said('job done').map((said) => [said.job, said.new, said.changed, said.duplicate])
    assert.deepEqual(counts, [
      ['look', 3, 0, 0],
      ['look', 1, 1, 1],
    ])
    const [job1] = (await running.status()).jobs
    assert.deepEqual([job1?.last?.new, job1?.last?.changed, job1?.last?.duplicate], [1, 1, 1])
    assert.deepEqual(job1?.next, new Date('2026-01-01T00:00:30Z'))
    assert.equal(job1?.running, false)
  })

  it('knows its slot, its attempt, the time and the secrets', async (t) => {
    const { begin, clock } = await place(t)
    let seen: Partial<JobContext> = {}
    process.env.SPEC_RUN_JOB_SECRET = 'hush'
    t.after(() => delete process.env.SPEC_RUN_JOB_SECRET)
    await begin([
      job('look', every(10).seconds, (context) => {
        seen = context
        assert.equal(context.now(), clock.now())
        assert.equal(context.secret('SPEC_RUN_JOB_SECRET'), 'hush')
        assert.equal(typeof context.fetch, 'function')
      }),
    ])
    await clock.advance(10_000)
    assert.deepEqual([seen.slot, seen.attempt], [new Date('2026-01-01T00:00:10Z'), 1])
  })
})

describe('an endless run', () => {
  const idles: Record<string, Run> = {
    'a promise that never settles': ({ publish }) => {
      publish(made, '1', { n: 1 })
      return new Promise(() => undefined)
    },
    'an Observable': () => new Observable((subscriber) => subscriber.next(made('1', { n: 1 }))),
    'an async generator': async function* ({ signal }) {
      yield made('1', { n: 1 })
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    'a run that throws when its signal aborts': async ({ publish, signal }) => {
      await publish(made, '1', { n: 1 })
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  for (const [shape, run] of Object.entries(idles)) {
    it(`ends at stop, at once and successfully, as ${shape}`, async (t) => {
      const { begin, clock, events, notes, log } = await place(t)
      let signal: AbortSignal | undefined
      let runs = 0
      const push = job('push', always(), (context) => {
        runs += 1
        signal = context.signal
        context.state.set('at', runs)
        return run(context)
      })
      const running = await begin([push])
      await clock.advance(86_400_000 * 3)
      assert.equal(runs, 1)
      assert.deepEqual(identifiers(await events()), ['1'])
      assert.equal(signal?.aborted, false)
      const seen = await unhandled(() => running.stop())
      assert.deepEqual(seen, [])
      assert.equal(signal?.aborted, true)
      assert.deepEqual(notes.said('job failed'), [])
      assert.equal((await log.store('job/push').get('at'))?.value, 1)
      // And starts again with the agent, in the same millisecond or even before.
      clock.step(-3_600_000)
      await begin([push])
      await clock.advance(0)
      assert.equal(runs, 2)
    })
  }

  for (const ends of ['fails', 'returns'] as const) {
    it(`starts again when it ${ends}, after pauses that double until a run lasts longer than its pause`, async (t) => {
      const { begin, clock, log } = await place(t)
      const begun: number[] = []
      const start = clock.now()
      const push = job('push', always(), async ({ state }) => {
        begun.push((clock.now() - start) / 1000)
        state.set('n', begun.length)
        if (begun.length === 4) await new Promise<void>((resolve) => void clock.timer(resolve, 3_600_000))
        if (ends === 'fails') throw new Error('connection lost')
      })
      const running = await begin([push])
      await clock.advance(3_620_000)
      assert.deepEqual(begun, [0, 1, 3, 7, 3608, 3610, 3614])
      assert.equal((await log.store('job/push').get('n'))?.value, ends === 'fails' ? undefined : 7)
      const trigger = await running.trigger('push')
      assert.equal(trigger, undefined, 'it waits to begin again, and that is its run')
      const stopping = running.stop()
      await clock.advance(0)
      await stopping
      await clock.advance(3_600_000)
      assert.equal(begun.length, 7)
    })
  }

  it('records its first run without telling it under `first: record`, and no other run', async (t) => {
    const { begin, clock, log } = await place(t)
    const heard: string[] = []
    let runs = 0
    const push = job('push', always(), () => made(`${(runs += 1)}`, { n: runs }), { first: 'record' })
    await begin([push, listener('hear', on(made), ({ identifier }) => void heard.push(identifier))])
    await clock.advance(10_000)
    assert.equal(await log.last(), 4)
    assert.deepEqual(heard, ['2', '3', '4'])
  })
})
