import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mergeMap } from 'rxjs'
import { type StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { deliveryKey } from '../../lib/dispatch/delivery.ts'
import { type Delivery, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place } from '../support/agent-harness.ts'
import { drafts, hear, made, once, parkedOf } from '../support/deliveries.ts'
import { until } from '../support/until.ts'

const event = { type: 'made', identifier: '1', data: { n: 1 }, seq: 7, created: 5 }
const parts = { log: 'log', listener: 'hear', event, index: 0 }

describe('the key of a delivery', () => {
  it('has the shape of a UUID, version 8', () => {
    for (let index = 0; index < 100; index++) {
      assert.match(
        deliveryKey({ ...parts, index }),
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
    }
  })

  it('depends on log, listener, identity, revision, index and replay, and on nothing else', () => {
    const key = deliveryKey(parts)
    const others = [
      { ...parts, log: 'other' },
      { ...parts, listener: 'other' },
      { ...parts, index: 1 },
      { ...parts, replay: 1 },
      { ...parts, event: { ...event, type: 'other' } },
      { ...parts, event: { ...event, identifier: '2' } },
      { ...parts, event: { ...event, revision: 2 } },
      // The end of one part does not pass for the beginning of the next.
      { ...parts, event: { ...event, type: 'made","1', identifier: '' } },
      { ...parts, log: 'log","hear', listener: '' },
    ].map(deliveryKey)
    assert.equal(new Set([key, ...others]).size, others.length + 1)
    for (const same of [
      { ...parts, event: { ...event, seq: 8, created: 6, data: { n: 2 }, cause: 1, job: 'make' } },
      { ...parts, replay: 0 },
    ]) {
      assert.equal(deliveryKey(same), key)
    }
  })

  it('never changes: services remember it', () => {
    assert.equal(deliveryKey(parts), '331ed25c-4f01-8bd1-ab94-a011d369a533')
  })

  it('is the same for every attempt, also after a restart, and differs for a replay and for another listener', async (t) => {
    const here = await place(t)
    const made = eventType('made').of<{ n: number }>()
    const keys: Record<string, string[]> = { a: [], b: [] }
    const parts = ['a', 'b'].map((name) =>
      listener(
        name,
        on(made).pipe(mergeMap(() => ['x', 'y'])),
        (value, { key, attempt }) => {
          keys[name]?.push(key)
          if (value === 'y' && attempt < 3) throw new Error('no')
        },
        { backoff: { min: '1m', max: '1m' } },
      ),
    )
    const first = await here.begin(parts)
    await here.log.accept([made('1', { n: 1 })])
    await here.clock.advance(1000)
    await here.end(first)
    const second = await here.begin(parts)
    await here.clock.advance(180_000)
    await here.end(second)
    const { a = [], b = [] } = keys
    assert.equal(a.length, 6)
    assert.deepEqual(a, [...a.slice(0, 2), ...a.slice(0, 2), ...a.slice(0, 2)])
    assert.equal(new Set([...a, ...b]).size, 4)
    const consumer = await here.log.consumer('a', { start: 'now' })
    await consumer.redeliver([1])
    const again = await here.begin(parts)
    await here.clock.advance(180_000)
    await here.end(again)
    const replayed = new Set(a.slice(6))
    assert.equal(replayed.size, 2)
    for (const key of replayed) assert.ok(!b.includes(key) && !a.slice(0, 6).includes(key))
  })
})

describe('the delivery that a handler receives', () => {
  const names = 'attempt event exec fetch index key logger now publish secret signal state'.split(' ')
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

  it('can be destructured, and its functions work on their own', async (t) => {
    const here = await place(t, new Date('2026-03-01T00:00:00Z'))
    const seen: unknown[] = []
    const handle = async (_: unknown, delivery: Delivery<never>): Promise<void> => {
      const { event, attempt, index, key, signal, publish, state, fetch, exec, now, logger, secret } = delivery
      seen.push((event as StoredEvent).identifier, attempt, index, signal.aborted, typeof fetch, now())
      assert.match(key, uuid)
      state.set('n', (await state.get('n', 0)) + 1)
      seen.push((await publish('other', '1', null)).status, await state.get('n'))
      seen.push((await exec(process.execPath, ['-p', '6 * 7'])).stdout.trim())
      assert.throws(() => secret('MISSING'), { code: 'TIDINGS_SECRET_MISSING' })
      logger.info({}, 'destructured')
    }
    await here.begin([listener('hear', on(made), handle, once)])
    await here.log.accept(drafts(1))
    await until(() => here.notes.said('destructured').length + here.notes.said('listener failed').length > 0)
    assert.deepEqual(seen, ['1', 1, 0, false, 'function', here.clock.now(), 'new', 1, '42'])
    assert.deepEqual(await parkedOf(here), [])
  })

  it('has the same signal and state for each value, and another index and key', async (t) => {
    const here = await place(t)
    const deliveries: Delivery[] = []
    const twice = on(made).pipe(mergeMap(({ data }) => [data.n, data.n]))
    const handle = (_: unknown, delivery: Delivery<never>) => void deliveries.push(delivery)
    await hear(here, [listener('hear', twice, handle)], drafts(1))
    const [first, second] = deliveries as [Delivery, Delivery]
    assert.deepEqual([first.index, second.index], [0, 1])
    assert.notEqual(first.key, second.key)
    assert.deepEqual([first.key, first.signal, first.state], [first.key, second.signal, second.state])
    assert.equal(first.signal, second.signal)
    assert.equal(first.state, second.state)
    assert.equal(first.signal.aborted, true)
  })

  it('is complete however a handler takes its arguments', async (t) => {
    const here = await place(t)
    const members: (readonly (readonly [name: string, type: string])[])[] = []
    const read = (delivery: Delivery<object> | undefined): void =>
      void members.push(names.map((name) => [name, typeof delivery?.[name as keyof Delivery]]))
    const parts = [
      listener('named', on(made), (_, delivery) => read(delivery)),
      listener('rest', on(made), (_, ...rest) => read(rest[0])),
      listener('all', on(made), (...all) => read(all[1])),
      listener('async', on(made), async (...all) => read(all[1])),
      listener('arguments', on(made), function () {
        // biome-ignore lint/complexity/noArguments: one of the ways to read it
        read(arguments[1])
      }),
      listener(
        'mock',
        on(made),
        t.mock.fn((_: unknown, delivery: Delivery<object>) => read(delivery)),
      ),
    ]
    await hear(here, parts, drafts(1))
    const types = ['number', 'object', 'function', 'function', 'number', 'string', 'object']
    types.push('function', 'function', 'function', 'object', 'object')
    assert.deepEqual(
      members,
      parts.map(() => names.map((name, i) => [name, types[i]])),
    )
  })
})
