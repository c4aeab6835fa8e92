import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstValueFrom, lastValueFrom, Observable, take, toArray } from 'rxjs'
import { eventType } from '../../lib/core/event-type.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import { type ContextParts, runOnce } from '../../lib/job/run-once.ts'
import { always, every, manual } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { unhandled } from '../support/agent-harness.ts'
import { until } from '../support/until.ts'

const made = eventType('made').of<{ n: number }>()
const one = made('1', { n: 1 })
const once = (run: Run, context: ContextParts = {}) => runOnce(job('make', manual(), run), context)

describe('runOnce', () => {
  it('emits what the run publishes and returns, in order, and completes', async () => {
    const drafts = once(async function* ({ publish }) {
      yield made('1', { n: 1 })
      await new Promise((resolve) => setImmediate(resolve))
      const receipt = await publish(made, '2', { n: 2 })
      assert.deepEqual(receipt, { status: 'offered', seq: 0 })
      yield made('3', { n: 3 })
    })
    const all = await lastValueFrom(drafts.pipe(toArray()))
    assert.deepEqual(
      all.map(({ identifier, data }) => [identifier, data]),
      [
        ['1', { n: 1 }],
        ['2', { n: 2 }],
        ['3', { n: 3 }],
      ],
    )
  })

  it('does not deduplicate: emits the same identity as often as it is published', async () => {
    const all = await lastValueFrom(once(() => [one, one, one]).pipe(toArray()))
    assert.equal(all.length, 3)
  })

  it('emits data as a log would store it', async () => {
    const data = { n: 1, list: [{ a: 1 }] }
    const draft = await firstValueFrom(once(({ publish }) => publish('made', '1', data)))
    assert.deepEqual(draft.data, data)
    assert.notEqual(draft.data, data)
    assert.throws(() => {
      ;(draft.data as typeof data).list[0] = { a: 2 }
    }, TypeError)
  })

  it('completes without a draft if the run makes none', async () => {
    assert.deepEqual(await lastValueFrom(once(() => undefined).pipe(toArray())), [])
  })

  it('is cold: nothing runs without a subscriber, and each has a run of its own', async () => {
    let runs = 0
    const drafts = once(() => {
      runs += 1
      return one
    })
    assert.equal(runs, 0)
    await Promise.all([lastValueFrom(drafts), lastValueFrom(drafts)])
    assert.equal(runs, 2)
  })

  it('errors with what the run threw, or with a refused publish, awaited or not', async () => {
    const errors: unknown[] = []
    const seen = await unhandled(async () => {
      for (const run of [
        () => {
          throw new Error('no')
        },
        ({ publish }: JobContext) => {
          publish('made', '1', 1n)
        },
        async ({ publish }: JobContext) => {
          await publish('made', '1', 1n).catch(() => undefined)
        },
        () => ({ type: 'made', identifier: '1', data: 1n }),
        (() => 7) as unknown as Run,
      ]) {
        errors.push(await lastValueFrom(once(run).pipe(toArray())).catch((error) => error.code ?? error.message))
      }
    })
    assert.deepEqual(errors, [
      'no',
      'TIDINGS_DATA_INVALID',
      'TIDINGS_DATA_INVALID',
      'TIDINGS_DATA_INVALID',
      'TIDINGS_JOB_RESULT',
    ])
    assert.deepEqual(seen, [])
  })

  it('emits the good drafts before it errors with the bad', async () => {
    const emitted: string[] = []
    const error = await new Promise<unknown>((resolve) =>
      once(() => [one, { type: 'made', identifier: '2', data: 1n }, made('3', { n: 3 })]).subscribe({
        next: ({ identifier }) => emitted.push(identifier),
        error: resolve,
      }),
    )
    assert.ok(error instanceof AggregateError)
    assert.deepEqual(emitted, ['1', '3'])
  })

  it('errors with TIDINGS_RUN_TIMEOUT at the timeout, and leaves no timer', async () => {
    const clock = virtualClock()
    let signal: AbortSignal | undefined
    const hang = job(
      'hang',
      manual(),
      (context) => {
        signal = context.signal
        return new Promise<void>(() => undefined)
      },
      { timeout: '3s' },
    )
    const ended = lastValueFrom(runOnce(hang, { clock })).catch((error) => error.code)
    await clock.advance(2999)
    assert.equal(signal?.aborted, false)
    await clock.advance(1)
    assert.equal(await ended, 'TIDINGS_RUN_TIMEOUT')
    assert.equal(signal?.aborted, true)
    assert.equal(clock.timers, 0)
  })

  it('leaves no timer after a success', async () => {
    const clock = virtualClock()
    await lastValueFrom(once(() => one, { clock }))
    assert.equal(clock.timers, 0)
  })

  it('aborts the signal and stops every timer when unsubscribed', async () => {
    const clock = virtualClock()
    let signal: AbortSignal | undefined
    let left = 0
    const seen = await unhandled(async () => {
      const subscription = once(
        (context) => {
          signal = context.signal
          return new Observable(() => () => (left += 1))
        },
        { clock },
      ).subscribe({ error: () => assert.fail('nobody is there to hear it') })
      await clock.advance(1)
      subscription.unsubscribe()
      await clock.advance(1)
    })
    assert.deepEqual([signal?.aborted, left, clock.timers, seen.length], [true, 1, 0, 0])
  })

  it('ends an endless run when take() unsubscribes', async () => {
    let taken = 0
    let closed = false
    const endless = once(async function* () {
      try {
        for (;;) {
          await new Promise((resolve) => setImmediate(resolve))
          taken += 1
          yield made(String(taken), { n: taken })
        }
      } finally {
        closed = true
      }
    })
    const all = await lastValueFrom(endless.pipe(take(3), toArray()))
    assert.equal(all.length, 3)
    const then = taken
    await until(() => closed, 'the end of the generator')
    assert.ok(taken - then <= 2, `${taken - then} more were taken`)
  })

  it('uses the context parts that are given, and ends when their signal aborts', async () => {
    const outer = new AbortController()
    const answer = new Response('{"n": 5}')
    const draft = await firstValueFrom(
      once(
        async ({ fetch, slot, attempt, now, logger, secret }) => {
          assert.deepEqual([slot, attempt, now()], [new Date(7), 3, 9])
          // Guarded: an error in a logger costs its line alone.
          assert.equal(Object.getPrototypeOf(logger), silentLogger)
          const { n } = (await (await fetch('https://there.example')).json()) as { n: number }
          return made(secret('X'), { n })
        },
        {
          fetch: async () => answer,
          slot: new Date(7),
          attempt: 3,
          now: () => 9,
          logger: silentLogger,
          secret: (name) => `the secret ${name}`,
        },
      ),
    )
    assert.deepEqual([draft.identifier, draft.data], ['the secret X', { n: 5 }])
    const hung = lastValueFrom(once(() => new Promise(() => undefined), { signal: outer.signal }))
    outer.abort(new Error('enough'))
    await assert.rejects(hung, /enough/)
  })

  it('runs jobs of any schedule, enabled or not', async () => {
    for (const schedule of [manual(), always(), every(1).day]) {
      const made1 = job('make', schedule, () => one, { enabled: false, jitter: '1h', atStart: true })
      assert.equal((await lastValueFrom(runOnce(made1))).identifier, '1')
    }
  })

  it('has state that is visible in the run, and gone after it', async () => {
    const seen: unknown[] = []
    const run = once(async ({ state }) => {
      seen.push(await state.get('n'))
      state.set('n', 1)
      seen.push(await state.get('n'))
    })
    await lastValueFrom(run.pipe(toArray()))
    await lastValueFrom(run.pipe(toArray()))
    assert.deepEqual(seen, [undefined, 1, undefined, 1])
  })
})
