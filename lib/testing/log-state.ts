import assert from 'node:assert/strict'
import type { Handed, Log, Writes } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { draft, type LogTests, law, list, refused, take } from './log-bench.ts'
import { identityText } from './log-data.ts'

async function entries(log: Log, namespace: string, prefix?: string): Promise<Record<string, unknown>> {
  return Object.fromEntries((await list(log.store(namespace).list(prefix))).map(({ key, value }) => [key, value]))
}

/** The guarantees of `store`. */
export const stateTests: LogTests = {
  'stores nothing if the state with the events is not JSON': async ({ log }) => {
    for (const value of [Number.NaN, new Date(0), { at: undefined, n: 1n }]) {
      const state = [{ namespace: 'n', key: 'k', value }] as unknown as Writes
      await assert.rejects(log.accept([draft('1')], { state }), refused('TIDINGS_DATA_INVALID'))
    }
    assert.equal(await log.get('it', '1'), undefined)
    assert.equal(await log.store('n').get('k'), undefined)
  },

  'keeps a value with the number of times it was set': async ({ log }) => {
    const store = log.store('n')
    assert.equal(await store.get('k'), undefined)
    assert.equal(await store.set('k', { a: [1] }), 1)
    assert.equal(await store.set('k', null), 2)
    assert.deepEqual(await store.get('k'), { value: null, revision: 2 })
    assert.equal(await log.store('other').get('k'), undefined)
  },

  'sets a value only if it is at the revision that the writer has seen': async ({ log }) => {
    const store = log.store('n')
    await store.set('k', 'first', { if: 0 })
    const conflict = refused('TIDINGS_STATE_CONFLICT', { namespace: 'n', key: 'k', revision: 1 })
    await assert.rejects(store.set('k', 'second', { if: 0 }), conflict)
    assert.equal(await store.set('k', 'second', { if: 1 }), 2)
    await assert.rejects(store.set('missing', 1, { if: 3 }), refused('TIDINGS_STATE_CONFLICT'))
    assert.equal((await store.get('k'))?.value, 'second')
  },

  'lets one of several writers win that saw the same revision': async ({ log }) => {
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => log.store('n').set('k', i, { if: 0 })),
    )
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    const won = answers.findIndex(({ status }) => status === 'fulfilled')
    assert.deepEqual(await log.store('n').get('k'), { value: won, revision: 1 })
  },

  'deletes a value once': async ({ log }) => {
    const store = log.store('n')
    await store.set('k', 1)
    assert.equal(await store.delete('k'), true)
    assert.equal(await store.get('k'), undefined)
    assert.equal(await store.delete('k'), false)
    assert.equal(await store.set('k', 2, { if: 0 }), 1)
  },

  'rejects a value that is not JSON, or an invalid key, and stores nothing': async ({ log }) => {
    await assert.rejects(log.store('n').set('k', new Date(0)), refused('TIDINGS_DATA_INVALID'))
    await assert.rejects(log.store('n').set('k', undefined), refused('TIDINGS_DATA_INVALID'))
    await assert.rejects(log.store('n').set('', 1), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.store('').set('k', 1), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(list(log.store('').list()), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(list(log.store('n').list('\ud800')), refused('TIDINGS_LOG_INVALID'))
    const state: Writes = [
      { namespace: 'n', key: 'k', value: 1 },
      { namespace: 'n', key: '', value: 2 },
    ]
    await assert.rejects(log.accept([draft('1')], { state }), refused('TIDINGS_LOG_INVALID'))
    assert.equal(await log.store('n').get('k'), undefined)
    assert.equal(await log.get('it', '1'), undefined)
  },

  'lists every key with a prefix, in order': async ({ log }) => {
    const store = log.store('n')
    for (const key of ['b', 'a/2', 'a/1', 'a', 'a\0']) await store.set(key, key)
    await log.store('n2').set('a/3', 0)
    await log.store('n').delete('b')
    assert.deepEqual(await entries(log, 'n'), { a: 'a', 'a\0': 'a\0', 'a/1': 'a/1', 'a/2': 'a/2' })
    assert.deepEqual(Object.keys(await entries(log, 'n', 'a/')), ['a/1', 'a/2'])
    assert.deepEqual(await entries(log, 'missing'), {})
  },

  'distinguishes any two keys, also in listings': law(
    fc.tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom('n', 'n\0', '\u{10ffff}'), identityText), { selector: JSON.stringify }),
      identityText,
    ),
    async ({ log }, [keys, prefix]) => {
      const expected: Record<string, Map<string, unknown>> = { n: new Map(), 'n\0': new Map(), '\u{10ffff}': new Map() }
      for (const [i, [namespace, key]] of keys.entries()) {
        await log.store(namespace).set(key, i)
        expected[namespace]?.set(key, i)
      }
      for (const [namespace, all] of Object.entries(expected)) {
        for (const asked of [undefined, prefix, ...all.keys()]) {
          const found = new Map((await list(log.store(namespace).list(asked))).map(({ key, value }) => [key, value]))
          assert.deepEqual(found, new Map([...all].filter(([key]) => key.startsWith(asked ?? ''))))
        }
      }
    },
  ),

  'lists a thousand keys': async ({ log }) => {
    const state = Array.from({ length: 1200 }, (_, i) => ({ namespace: 'n', key: `${i}`.padStart(4, '0'), value: i }))
    await log.accept([], { state })
    assert.deepEqual(
      (await list(log.store('n').list())).map(({ value }) => value),
      state.map(({ value }) => value),
    )
  },

  'returns the last write to every reader, even before it is durable': async ({ log }) => {
    const store = log.store('n')
    const written = [store.set('k', 1), store.set('k', 2), store.delete('k'), store.set('k', 3)]
    assert.deepEqual(await store.get('k'), { value: 3, revision: 1 })
    assert.deepEqual(await Promise.all(written), [1, 2, true, 1])
    assert.deepEqual(await store.get('k'), { value: 3, revision: 1 })
    const rest = [store.delete('k'), store.set('k', 4), store.delete('k')]
    for (const each of rest) {
      await each
      assert.equal(await store.get('k'), undefined)
    }
  },

  'rejects an ack whose state is not JSON or has an invalid key, and does not settle the event': async ({ log }) => {
    await log.accept([draft('1')])
    const consumer = await log.consumer('c', { start: 'start' })
    const [first] = await take(consumer, 1)
    assert(first !== undefined)
    const write = { namespace: 'n', key: 'k' }
    assert.throws(() => consumer.ack(first, [{ ...write, value: Number.NaN }]), refused('TIDINGS_DATA_INVALID'))
    assert.throws(
      () =>
        consumer.ack(first, [
          { ...write, value: 1 },
          { ...write, key: '' },
        ]),
      refused('TIDINGS_LOG_INVALID'),
    )
    assert.equal((await consumer.lag()).running, 1)
    consumer.ack(first, [{ ...write, value: 1 }])
    await consumer.flush()
    assert.deepEqual(await log.store('n').get('k'), { value: 1, revision: 1 })
  },

  'keeps the last write of a store, an accept or an ack': async ({ log }) => {
    await log.accept([draft('1'), draft('2')])
    const consumer = await log.consumer('c', { start: 'start' })
    const [first, second] = (await take(consumer, 2)) as [Handed, Handed]
    const store = log.store('n')
    const write = (value: number): Writes => [{ namespace: 'n', key: 'k', value }]
    consumer.ack(first, write(1))
    await store.set('k', 2)
    assert.deepEqual(await store.get('k'), { value: 2, revision: 2 })
    const queued = [log.accept([draft('3')]), log.accept([draft('4')], { state: write(3) })]
    consumer.ack(second, write(4))
    await Promise.all(queued)
    await consumer.flush()
    assert.deepEqual(await store.get('k'), { value: 4, revision: 4 })
  },
}

/** The guarantees that hold after a reopen. */
export const lastingStateTests: LogTests = {
  'keeps values and revisions over a crash': async (bench) => {
    await bench.log.store('n').set('k', 1)
    await bench.log.store('n').set('k', 2)
    await bench.log.store('n').set('gone', 1)
    await bench.log.store('n').delete('gone')
    await bench.log.accept([draft('1')], { state: [{ namespace: 'n', key: 'with', value: 'an event' }] })
    const log = await bench.reopen('crash')
    assert.deepEqual(await entries(log, 'n'), { k: 2, with: 'an event' })
    assert.equal(await log.store('n').set('k', 3), 3)
  },
  'keeps what an accept without events or an ack has stored or deleted, over a crash': async (bench) => {
    const { log } = bench
    await log.accept([draft('1')], { state: [{ namespace: 'n', key: 'old', value: 0 }] })
    const consumer = await log.consumer('c', { start: 'start' })
    const [first] = (await take(consumer, 1)) as [Handed]
    await log.accept([], {
      state: [
        { namespace: 'n', key: 'old' },
        { namespace: 'n', key: 'new', value: 1 },
        { namespace: 'n', key: 'short', value: 1 },
      ],
    })
    assert.deepEqual(await entries(log, 'n'), { new: 1, short: 1 })
    consumer.ack(first, [
      { namespace: 'n', key: 'short' },
      { namespace: 'n', key: 'acked', value: 2 },
    ])
    assert.equal((await log.store('n').get('acked'))?.value, 2)
    assert.equal(await log.store('n').get('short'), undefined)
    await consumer.flush()
    assert.deepEqual(await entries(log, 'n'), { acked: 2, new: 1 })
    const reopened = await bench.reopen('crash')
    assert.deepEqual(await entries(reopened, 'n'), { acked: 2, new: 1 })
    assert.equal((await (await reopened.consumer('c', { start: 'start' })).lag()).behind, 0)
  },
}
