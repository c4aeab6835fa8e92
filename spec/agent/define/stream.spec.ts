import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { defineStream, isStream } from '../../../lib/agent/define/stream.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { every, manual } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

const item = eventType('shop.item').of<{ url: string }>()
const base = { name: 'shop', summary: 'New items in a shop.', events: { item } }
const nothing = () => undefined

describe('defineStream', () => {
  it('makes parts of an agent from options, named after the stream or after `as`', () => {
    const shop = defineStream({
      ...base,
      jobs: ({ url }: { url: string }, events) => [job('items', every('10m'), () => events.item('1', { url }))],
      listeners: (_, events) => [listener('clerk', on(events.item), nothing)],
    })
    const stream = shop({ url: 'https://a.example' })
    assert.ok(isStream(stream))
    assert.deepEqual([stream.kind, stream.name], ['stream', 'shop'])
    assert.deepEqual([stream.jobs[0]?.name, stream.listeners[0]?.name], ['shop.items', 'shop.clerk'])
    const other = shop({ url: 'https://b.example', as: 'other' })
    assert.deepEqual(
      [other.name, other.jobs[0]?.name, other.listeners[0]?.name],
      ['other', 'other.items', 'other.clerk'],
    )
    assert.equal(isStream(shop), false)
  })

  it('carries its events, whatever their names', () => {
    const events = {
      name: eventType('x.name'),
      length: eventType('x.length'),
      definition: eventType('x.definition'),
      item,
    }
    const stream = defineStream({ ...base, events, jobs: () => [] })
    assert.equal(stream.item, item)
    assert.equal(stream.name.type, 'x.name')
    assert.equal(stream.definition.type, 'x.definition')
    assert.equal(stream.length.type, 'x.length')
    assert.deepEqual(Object.keys(stream).sort(), ['definition', 'item', 'length', 'name'])
  })

  it('keeps `as` to itself, and passes options without a schema unchanged', () => {
    let seen: unknown
    const shop = defineStream({
      ...base,
      jobs: (options: { deep?: { a: number } }) => {
        seen = options
        return []
      },
    })
    const deep = { a: 1 }
    shop({ deep, as: 'x' })
    assert.deepEqual(seen, { deep: { a: 1 } })
    shop()
    assert.deepEqual(seen, {})
  })

  it('checks options against their schema, which fills in defaults', () => {
    let seen: unknown
    const shop = defineStream({
      ...base,
      options: v.object({ url: v.pipe(v.string(), v.url()), every: v.optional(v.string(), '10m') }),
      jobs: (options) => {
        seen = options
        return [job('items', every(options.every), nothing)]
      },
    })
    shop({ url: 'https://a.example' })
    assert.deepEqual(seen, { url: 'https://a.example', every: '10m' })
    assert.throws(() => shop({ url: 'nowhere' }), {
      code: 'TIDINGS_STREAM_INVALID',
      message: /options of stream "shop".*url: .*URL/,
    })
    assert.throws(() => shop({ url: 'https://a.example', every: 5 as never }), {
      code: 'TIDINGS_STREAM_INVALID',
      message: /every: /,
    })
    assert.throws(() => (shop as unknown as () => unknown)(), { code: 'TIDINGS_STREAM_INVALID', message: /url/ })
  })

  const wrong: [what: string, make: () => unknown, words: RegExp][] = [
    ['no name', () => defineStream({ ...base, name: '', jobs: () => [] }), /name of a stream.*""/],
    ['a name with a dot', () => defineStream({ ...base, name: 'a.b', jobs: () => [] }), /name of a stream.*"a\.b"/],
    ['no jobs', () => defineStream({ ...base, jobs: undefined as never }), /stream "shop" needs jobs.*undefined/],
    [
      'an unknown property',
      () => defineStream({ ...base, jobs: () => [], listener: () => [] } as never),
      /stream "shop" have no "listener"; did you mean "listeners"/,
    ],
    [
      'an `as` with a dot',
      () => defineStream({ ...base, jobs: () => [] })({ as: 'a.b' }),
      /as of stream "shop".*"a\.b"/,
    ],
    [
      'options that are null',
      () => defineStream({ ...base, jobs: () => [] })(null as never),
      /options of stream "shop" must be an object, got null/,
    ],
    [
      'options in a list',
      () => defineStream({ ...base, jobs: () => [] })([] as never),
      /options of stream "shop" must be an object, got /,
    ],
    [
      'jobs that are none',
      () => defineStream({ ...base, jobs: () => [nothing] as never })(),
      /jobs of stream "shop".*function/,
    ],
    [
      'jobs in no array',
      () => defineStream({ ...base, jobs: (() => job('x', manual(), nothing)) as never })(),
      /jobs of stream "shop"/,
    ],
    [
      'listeners that are none',
      () => defineStream({ ...base, jobs: () => [], listeners: () => [on(item)] as never })(),
      /listeners of stream "shop"/,
    ],
  ]
  for (const [what, make, message] of wrong) {
    it(`rejects ${what}, and names it`, () => {
      assert.throws(make, { code: 'TIDINGS_STREAM_INVALID', message })
    })
  }

  it('may be used twice in one agent, with separate state, slots and cursors', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const shop = defineStream({
      ...base,
      jobs: ({ url }: { url: string }, events) => [
        job('items', manual(), async ({ state }) => {
          const n = ((await state.get<number>('n')) ?? 0) + 1
          state.set('n', n)
          return events.item(`${url} ${n}`, { url })
        }),
      ],
    })
    const running = await here.begin([
      shop({ url: 'a' }),
      shop({ url: 'b', as: 'other' }),
      listener('hear', on(shop.item), (event) => void heard.push(event.identifier)),
    ])
    for (const name of ['shop.items', 'other.items', 'shop.items']) await running.trigger(name)
    await here.clock.advance(100)
    assert.deepEqual(heard, ['a 1', 'b 1', 'a 2'])
  })

  it('prefixes the former names of its jobs and listeners too', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const shop = (jobName: string, listenerName: string, formerly: Record<string, string>) =>
      defineStream({
        ...base,
        jobs: (_: { n?: number }, events) => [
          job(
            jobName,
            manual(),
            async ({ state }) => {
              const n = ((await state.get<number>('n')) ?? 0) + 1
              state.set('n', n)
              return events.item(String(n), { url: '' })
            },
            formerly.job === undefined ? {} : { formerly: formerly.job },
          ),
        ],
        listeners: (_, events) => [
          listener(
            listenerName,
            on(events.item),
            (event) => void heard.push(event.identifier),
            formerly.listener === undefined ? {} : { formerly: formerly.listener, from: 'start' },
          ),
        ],
      })()
    const first = await here.begin([shop('items', 'clerk', {})])
    await first.trigger('shop.items')
    await here.clock.advance(100)
    await here.end(first)
    const second = await here.begin([shop('things', 'seller', { job: 'items', listener: 'clerk' })])
    await second.trigger('shop.things')
    await here.clock.advance(100)
    assert.deepEqual(heard, ['1', '2'])
  })
})
