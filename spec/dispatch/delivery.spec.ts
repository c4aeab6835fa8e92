import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mergeMap } from 'rxjs'
import { eventType } from '../../lib/core/event-type.ts'
import { deliveryKey } from '../../lib/dispatch/delivery.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place } from '../support/agent-harness.ts'

const event = { type: 'made', identifier: '1', data: { n: 1 }, seq: 7, created: 5 }
const parts = { log: 'log', listener: 'hear', event, index: 0 }

describe('the key of a delivery', () => {
  it("has the shape of a UUID of one's own making", () => {
    for (let index = 0; index < 100; index++) {
      assert.match(
        deliveryKey({ ...parts, index }),
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
    }
  })

  it('differs with the log, the listener, the identity, the revision, the index and the replay, and with nothing else', () => {
    const key = deliveryKey(parts)
    const others = [
      { ...parts, log: 'other' },
      { ...parts, listener: 'other' },
      { ...parts, index: 1 },
      { ...parts, replay: 1 },
      { ...parts, event: { ...event, type: 'other' } },
      { ...parts, event: { ...event, identifier: '2' } },
      { ...parts, event: { ...event, revision: 2 } },
      // Nobody can move a piece of one part into the next.
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

  it('is the one of this release: services remember it', () => {
    assert.equal(deliveryKey(parts), '331ed25c-4f01-8bd1-ab94-a011d369a533')
  })

  it('is the same for every attempt, also after a restart, and another for a replay and for another listener', async (t) => {
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
