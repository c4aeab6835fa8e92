import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { eventType } from '../../lib/core/event-type.ts'
import { type Delivery, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place, unhandled } from '../support/agent-harness.ts'
import { drafts, hear, made, once, parkedOf } from '../support/deliveries.ts'

describe('an event that a handler publishes', () => {
  const follow = eventType('follow').of<{ n: number }>()

  it('has the event as its cause', async (t) => {
    const here = await place(t)
    const answers: unknown[] = []
    await hear(
      here,
      [
        listener('hear', on(made), async ({ data }, { publish }) => {
          answers.push(await publish(follow, String(data.n), { n: data.n * 2 }))
        }),
      ],
      drafts(5, 6),
    )
    const events = await here.events()
    assert.deepEqual(
      events.map(({ type, identifier, cause, job }) => [type, identifier, cause, job]),
      [
        ['made', '5', undefined, undefined],
        ['made', '6', undefined, undefined],
        ['follow', '5', 1, undefined],
        ['follow', '6', 2, undefined],
      ],
    )
    assert.deepEqual(
      answers.map((answer) => (answer as { status: string }).status),
      ['new', 'new'],
    )
  })

  it('is stored as it was when it was published', async (t) => {
    const here = await place(t)
    const handle = (_: unknown, { publish }: Delivery<unknown>): void => {
      const data = { n: 1 }
      publish(follow, '1', data)
      data.n = 2
    }
    await hear(here, [listener('hear', on(made), handle)], drafts(5))
    const [, event] = await here.events()
    assert.deepEqual(event?.data, { n: 1 })
  })

  it('is waited for, and fails the delivery when the log rejects it, awaited or not, caught or not', async (t) => {
    const here = await place(t)
    const ways: ((publish: Delivery['publish']) => unknown)[] = [
      (publish) => void publish('follow', '1', 1n),
      (publish) => publish('follow', '1', 1n).catch(() => undefined),
      (publish) => publish('follow', '1', 1n),
      (publish) => {
        void publish('follow', '1', 1n)
        void publish('follow', '2', Number.NaN)
      },
    ]
    const seen = await unhandled(async () => {
      await hear(
        here,
        ways.map((way, i) => listener(`hear ${i}`, on(made), (_, { publish }) => way(publish), once)),
        drafts(1),
      )
    })
    assert.deepEqual(seen, [])
    for (const i of [0, 1, 2]) assert.equal((await parkedOf(here, `hear ${i}`))[0]?.error.code, 'TIDINGS_DATA_INVALID')
    assert.match((await parkedOf(here, 'hear 3'))[0]?.error.message ?? '', /bigint|1n[^;]*;.*NaN/)
  })

  it('is rejected once the delivery has ended, from the moment when its signal aborts', async (t) => {
    const here = await place(t)
    const late: Promise<unknown>[] = []
    let kept: Delivery['publish'] | undefined
    const seen = await unhandled(async () => {
      await hear(
        here,
        [
          listener(
            'slow',
            on(made),
            (_, { publish, signal }) => {
              signal.addEventListener('abort', () => late.push(publish(follow, 'late', { n: 1 })))
              return new Promise(() => undefined)
            },
            { ...once, timeout: '1s' },
          ),
          listener('quick', on(made), (_, { publish }) => {
            kept = publish
          }),
        ],
        drafts(1),
        2000,
      )
      late.push((kept as Delivery['publish'])(follow, 'late', { n: 1 }))
      void (kept as Delivery['publish'])(follow, 'unheard', { n: 1 })
    })
    assert.deepEqual(seen, [])
    assert.equal(late.length, 2)
    for (const publish of late) await assert.rejects(publish, { code: 'TIDINGS_RUN_ENDED' })
    assert.ok((await here.events()).every(({ type }) => type !== 'follow'))
  })

  it('is told once, although its delivery is retried', async (t) => {
    const here = await place(t)
    let told = 0
    await hear(
      here,
      [
        listener('hear', on(made), async (_, { publish, attempt }) => {
          await publish(follow, 'one', { n: 1 })
          if (attempt < 3) throw new Error('no')
        }),
        listener('count', on(follow), () => void (told += 1)),
      ],
      drafts(1),
      60_000,
    )
    assert.equal(told, 1)
  })
})

describe('the state of a listener', () => {
  it('is visible at once, stored with the ack, dropped with a failure, and visible after a restart', async (t) => {
    const here = await place(t)
    const seen: unknown[] = []
    const count = listener('count', on(made), async ({ data }, { state, attempt }) => {
      const n = (await state.get<number>('n')) ?? 0
      state.set('n', n + data.n)
      seen.push([data.n, attempt, n, await state.get('n')])
      if (data.n === 10 && attempt === 1) throw new Error('no')
    })
    await here.end(await hear(here, [count], drafts(1, 10), 60_000))
    assert.deepEqual(seen, [
      [1, 1, 0, 1],
      [10, 1, 1, 11],
      [10, 2, 1, 11],
    ])
    await hear(here, [count], drafts(100))
    assert.deepEqual(seen[3], [100, 1, 11, 111])
  })

  it('fails the delivery on an invalid key, and the next event is delivered', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const seen = await unhandled(async () => {
      await hear(
        here,
        [
          listener(
            'hear',
            on(made),
            ({ data }, { state }) => {
              heard.push(data.n)
              if (data.n === 1) state.set('', 1)
              if (data.n === 2) state.set('x'.repeat(2000), 1)
              if (data.n === 3) state.set('at', new Date(0))
            },
            once,
          ),
        ],
        drafts(1, 2, 3, 4),
      )
    })
    assert.deepEqual(seen, [])
    assert.deepEqual(heard, [1, 2, 3, 4])
    assert.deepEqual(
      (await parkedOf(here)).map(({ event }) => event.seq),
      [1, 2, 3],
    )
  })
})

describe('an event whose type has a schema', () => {
  const now = eventType('made', v.object({ n: v.number(), name: v.string() }))

  it('is checked again when it is delivered, and parked at once if it no longer fits', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    await here.begin([listener('hear', on(now), ({ data }) => void heard.push(data.name))])
    await here.log.accept([...drafts(1), now('2', { n: 2, name: 'two' })])
    await here.clock.advance(60_000)
    assert.deepEqual(heard, ['two'])
    const [parked, ...others] = await parkedOf(here)
    assert.deepEqual(others, [])
    assert.deepEqual([parked?.event.seq, parked?.attempts, parked?.error.code], [1, 1, 'TIDINGS_EVENT_OUTDATED'])
    assert.match(parked?.error.message ?? '', /name/)
  })

  it('is not checked for listeners on its name alone', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await hear(here, [listener('hear', on('made'), ({ seq }) => void heard.push(seq))], drafts(1))
    assert.deepEqual(heard, [1])
  })

  it('reaches listeners as the schema transformed it, although that no longer fits the schema', async (t) => {
    const here = await place(t)
    const parsed = eventType('parsed', v.object({ n: v.pipe(v.string(), v.transform(Number)) }))
    const heard: unknown[] = []
    await here.begin([listener('hear', on(parsed), ({ data }) => void heard.push(data))])
    await here.log.accept([parsed('1', { n: '42' })])
    await here.clock.advance(1000)
    assert.deepEqual(heard, [{ n: 42 }])
    assert.deepEqual(await parkedOf(here), [])
  })

  it('fails the delivery when its schema throws or is asynchronous, and the next event is delivered', async (t) => {
    for (const validate of [
      (value: unknown): never => {
        throw new Error(`no ${JSON.stringify(value)}`)
      },
      async () => ({ value: 1 }),
    ]) {
      const here = await place(t)
      const heard: number[] = []
      const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'spec', validate } }
      const broken = eventType('made', schema)
      const seen = await unhandled(async () => {
        const running = await hear(
          here,
          [
            listener('broken', on(broken), () => undefined, once),
            listener('fine', on('made'), ({ seq }) => void heard.push(seq)),
          ],
          drafts(1, 2),
        )
        assert.deepEqual((await running.status()).listeners[0], {
          name: 'broken',
          behind: 0,
          running: 0,
          retrying: 0,
          parked: 2,
        })
      })
      assert.deepEqual(seen, [])
      assert.deepEqual(heard, [1, 2])
    }
  })
})
