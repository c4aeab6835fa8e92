import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { from, Observable, of } from 'rxjs'
import type { Draft } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import { always, manual } from '../../lib/schedule/index.ts'
import { place } from '../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const three = [1, 2, 3].map((n) => made(String(n), { n }))
const one = made('1', { n: 1 })

async function* later(drafts: readonly Draft[]): AsyncGenerator<Draft> {
  for (const draft of drafts) {
    await new Promise((resolve) => setImmediate(resolve))
    yield draft
  }
}

/** Drafts that are neither an array nor a generator. */
const iterable = (drafts: readonly Draft[]): Iterable<Draft> => ({ [Symbol.iterator]: () => drafts[Symbol.iterator]() })

const ones: Record<string, Run> = {
  'a draft': () => one,
  'a promise of a draft': async () => one,
  'publish, not awaited': ({ publish }) => {
    publish(made, '1', { n: 1 })
  },
  'publish, awaited': async ({ publish }) => {
    await publish(made, '1', { n: 1 })
  },
  'publish, returned': ({ publish }) => publish(made, '1', { n: 1 }),
  'a receipt': async ({ publish }) => {
    const receipt = await publish(made, '1', { n: 1 })
    return receipt
  },
  'publish by name': ({ publish }) => publish('made', '1', { n: 1 }),
  'null, from code without types': (({ publish }: JobContext) => {
    publish(made, '1', { n: 1 })
    return null
  }) as unknown as Run,
}

const several: Record<string, Run> = {
  'an array': () => three,
  'an iterable': () => iterable(three),
  'a set': () => new Set(three),
  'a generator': function* () {
    yield* three
  },
  'an async generator': () => later(three),
  'an Observable': () => from(three),
  'an Observable that emits later': () => from(later(three)),
  'a promise of an array': async () => three,
  'a promise of a set': async () => new Set(three),
  'a promise of a generator': async () => iterable(three),
  'a promise of an async generator': async () => later(three),
  'a promise of an Observable': async () => from(three),
  'a generator of one object, which it changes each time': function* () {
    const data = { n: 0 }
    for (const identifier of ['1', '2', '3']) {
      data.n += 1
      yield made(identifier, data)
    }
    data.n = 0
  },
  'an Observable of one object, which it changes each time': () =>
    new Observable<Draft>((subscriber) => {
      const data = { n: 0 }
      for (const identifier of ['1', '2', '3']) {
        data.n += 1
        subscriber.next(made(identifier, data))
      }
      data.n = 0
      subscriber.complete()
    }),
  'publish and return': ({ publish }) => {
    publish(made, '1', { n: 1 })
    return three.slice(1)
  },
  'publish in an async generator': async function* ({ publish }) {
    publish(made, '1', { n: 1 })
    await publish(made, '2', { n: 2 })
    yield* later(three.slice(2))
  },
}

const told = (events: readonly Draft[]) => events.map(({ type, identifier, data }) => ({ type, identifier, data }))

describe('the result of a run', () => {
  for (const [shapes, expected] of [
    [ones, [one]],
    [several, three],
  ] as const) {
    for (const [shape, run] of Object.entries(shapes)) {
      it(`is stored, as ${shape}`, async (t) => {
        const { begin, events } = await place(t)
        const running = await begin([job('make', manual(), run)])
        const report = await running.trigger('make')
        assert.equal(report?.error, undefined)
        assert.deepEqual(told(await events()), expected)
        assert.ok((await events()).every((event) => event.job === 'make'))
        assert.equal(report?.new, expected.length)
        // The same again: nothing is new, and the run succeeds as well.
        const again = await running.trigger('make')
        assert.equal(again?.error, undefined)
        assert.deepEqual([again?.new, again?.duplicate], [0, expected.length])
        assert.equal((await events()).length, expected.length)
      })
    }
  }

  const nothing: Record<string, Run> = {
    nothing: () => undefined,
    'a promise of nothing': async () => undefined,
    'no drafts': () => [],
    'an empty generator': async function* () {},
    'an empty Observable': () => of(),
  }
  for (const [shape, run] of Object.entries(nothing)) {
    it(`may be ${shape}`, async (t) => {
      const { begin, events } = await place(t)
      const running = await begin([job('make', manual(), run)])
      assert.equal((await running.trigger('make'))?.error, undefined)
      assert.deepEqual(await events(), [])
    })
  }

  const garbage: Record<string, unknown> = {
    'a number': 7,
    'a string': 'made',
    true: true,
    'an object': { type: 'made', data: 1 },
    'a function': () => one,
    'a date': new Date(0),
    'a promise of a number': Promise.resolve(7),
    'an array of a number': [7],
    'an Observable of a string': of('made'),
    'a map': new Map([['made', 1]]),
  }
  for (const [shape, value] of Object.entries(garbage)) {
    it(`is rejected with TIDINGS_JOB_RESULT if it is ${shape}`, async (t) => {
      const { begin, events, notes } = await place(t)
      const running = await begin([job('make', manual(), (() => value) as Run)])
      const report = await running.trigger('make')
      assert.equal((report?.error as { code?: string })?.code, 'TIDINGS_JOB_RESULT', String(report?.error))
      assert.deepEqual(await events(), [])
      assert.equal(notes.said('job failed').length, 1)
    })
  }

  it('keeps good drafts beside garbage, and names the garbage', async (t) => {
    const { begin, events } = await place(t)
    const running = await begin([job('make', manual(), (() => [one, 7, made('2', { n: 2 })]) as unknown as Run)])
    const { error } = (await running.trigger('make')) ?? {}
    assert.ok(error instanceof AggregateError)
    assert.deepEqual(
      error.errors.map(({ code }) => code),
      ['TIDINGS_JOB_RESULT'],
    )
    assert.deepEqual(
      (await events()).map(({ identifier }) => identifier),
      ['1', '2'],
    )
  })

  it('is stored at once, even if the source never ends', async (t) => {
    const { begin, events, clock } = await place(t)
    const pushed = new Observable<Draft>((subscriber) => subscriber.next(one))
    await begin([
      job('push', always(), () => pushed),
      job('pull', always(), async function* () {
        yield made('2', { n: 2 })
        await new Promise(() => undefined)
      }),
    ])
    await clock.advance(1000)
    assert.deepEqual((await events()).map(({ identifier }) => identifier).sort(), ['1', '2'])
  })

  it('keeps the drafts before an error, a throw or the timeout', async (t) => {
    const { begin, events, clock } = await place(t)
    const running = await begin([
      job('throws', manual(), function* () {
        yield one
        throw new Error('no more')
      }),
      job(
        'errors',
        manual(),
        () =>
          new Observable((subscriber) => {
            subscriber.next(made('2', { n: 2 }))
            subscriber.error(new Error('no more'))
          }),
      ),
      job(
        'hangs',
        manual(),
        async function* () {
          yield made('3', { n: 3 })
          await new Promise(() => undefined)
        },
        { timeout: '1s' },
      ),
    ])
    assert.equal((await running.trigger('throws'))?.error?.message, 'no more')
    assert.equal((await running.trigger('errors'))?.error?.message, 'no more')
    const hung = running.trigger('hangs')
    await clock.advance(1000)
    const report = await hung
    assert.equal((report?.error as { code?: string } | undefined)?.code, 'TIDINGS_RUN_TIMEOUT')
    assert.deepEqual(
      (await events()).map(({ identifier }) => identifier),
      ['1', '2', '3'],
    )
  })

  it('is abandoned at the timeout, even if unsubscribing throws', async (t) => {
    const { begin, clock } = await place(t)
    const stuck = () =>
      new Observable<Draft>(() => () => {
        throw new Error('left')
      })
    const running = await begin([job('stuck', manual(), stuck, { timeout: '1s' })])
    const report = running.trigger('stuck')
    await clock.advance(1000)
    assert.equal(((await report)?.error as { code?: string } | undefined)?.code, 'TIDINGS_RUN_TIMEOUT')
  })

  it('is not read any further once the run is over: generators are closed, Observables unsubscribed', async (t) => {
    const { begin, clock } = await place(t)
    let closed = 0
    let left = 0
    let emitted = 0
    const running = await begin([
      job(
        'pull',
        manual(),
        async function* ({ signal }) {
          try {
            for (;;) {
              await new Promise((resolve) => setImmediate(resolve))
              if (signal.aborted) emitted += 1
              yield one
            }
          } finally {
            closed += 1
          }
        },
        { timeout: '1s' },
      ),
      job('push', manual(), () => new Observable(() => () => (left += 1)), { timeout: '1s' }),
    ])
    const both = [running.trigger('pull'), running.trigger('push')]
    await clock.advance(1000)
    await Promise.all(both)
    await clock.advance(0)
    assert.deepEqual([closed, left], [1, 1])
    assert.ok(emitted <= 1)
  })
})
