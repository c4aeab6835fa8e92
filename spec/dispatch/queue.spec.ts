import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Retry } from '../../lib/core/control.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { Queue } from '../../lib/dispatch/queue.ts'
import { type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { type Log } from '../../lib/log/port.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Place, place, wrap } from '../support/agent-harness.ts'
import { codeOf, type Mixed, mixed, mixedMade, sleep } from '../support/deliveries.ts'

describe('order', () => {
  const modes: Record<string, { ordered: ListenerOptions<Mixed>['ordered']; keyOf: (event: Mixed) => string }> = {
    'by identity, the default': { ordered: undefined, keyOf: (event) => event.identifier },
    'of all': { ordered: true, keyOf: () => 'all' },
    'of none': { ordered: false, keyOf: (event) => String(event.seq) },
    'by a function': { ordered: (event) => `${event.data.n % 10}`, keyOf: (event) => `${event.data.n % 10}` },
  }

  for (const [mode, { ordered, keyOf }] of Object.entries(modes)) {
    it(`is kept ${mode}: a thousand events of ten keys, eight at a time, with failures`, async (t) => {
      const here = await place(t)
      const open = new Map<string, number>()
      const settled = new Map<string, number>()
      const firsts: number[] = []
      let going = 0
      let most = 0
      const handled = new Map<number, number>()
      const started = new Map<string, number[]>()
      const all = new Map<string, number[]>()
      const done = new Set<number>()
      await here.begin([
        listener(
          'hear',
          on(mixedMade),
          async (event, { attempt }) => {
            const key = keyOf(event)
            most = Math.max(most, ++going)
            open.set(key, (open.get(key) ?? 0) + 1)
            assert.equal(open.get(key), 1, `two at a time of ${key}`)
            // All older events of its key are acked or parked.
            assert.equal(settled.get(key) ?? 0, all.get(key)?.indexOf(event.seq), `${event.seq} of ${key} too early`)
            if (attempt === 1) {
              firsts.push(event.seq)
              started.set(key, [...(started.get(key) ?? []), event.seq])
            }
            assert.equal(attempt, (handled.get(event.seq) ?? 0) + 1)
            handled.set(event.seq, attempt)
            await sleep(here, 1 + ((event.seq * 7919 + attempt) % 11))
            going -= 1
            open.set(key, 0)
            const luck = (event.seq * 31 + attempt * 17) % 10
            const last = attempt === 3
            if (luck < 3 || event.seq % 97 === 0) {
              if (last) settle(key, event.seq)
              throw luck === 2 ? new Retry({ after: 30 }) : new Error('no')
            }
            settle(key, event.seq)
          },
          {
            ...(ordered === undefined ? {} : { ordered }),
            concurrency: 8,
            attempts: 3,
            backoff: { min: 5, max: 40 },
          },
        ),
      ])
      const settle = (key: string, seq: number): void => {
        done.add(seq)
        settled.set(key, (settled.get(key) ?? 0) + 1)
      }
      for (const [i, draft] of mixed(1000, 10).entries()) {
        const event = { ...draft, seq: i + 1, created: 0 } as Mixed
        all.set(keyOf(event), [...(all.get(keyOf(event)) ?? []), event.seq])
      }
      await here.log.accept(mixed(1000, 10))
      const wrong = () => here.notes.said('listener failed').filter(({ err }) => codeOf(err) === 'ERR_ASSERTION')
      for (let step = 0; step < 600 && done.size < 1000 && wrong().length === 0; step++) await here.clock.advance(100)
      assert.deepEqual(wrong(), [])
      assert.equal(done.size, 1000)
      for (const seqs of started.values())
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => a - b),
        )
      assert.equal(most, mode === 'of all' ? 1 : 8)
      assert.ok(here.notes.said('event parked').length > 5)
      if (mode === 'of none' || mode === 'of all')
        assert.deepEqual(
          firsts,
          firsts.toSorted((a, b) => a - b),
        )
    })
  }

  it('is that of the log if events come one at a time and none fails', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await here.begin([
      listener('hear', on(mixedMade), async ({ seq }) => {
        heard.push(seq)
        await sleep(here, 1)
      }),
    ])
    await here.log.accept(mixed(400, 3))
    await here.clock.advance(1000)
    assert.deepEqual(
      heard,
      Array.from({ length: 400 }, (_, i) => i + 1),
    )
  })

  it('of first attempts is that of the log, except for events that wait for their key', async (t) => {
    const here = await place(t)
    const begun: number[] = []
    const ends = new Map<number, () => void>()
    await here.begin([
      listener(
        'hear',
        on(mixedMade),
        ({ seq }) => {
          begun.push(seq)
          return new Promise<void>((resolve) => ends.set(seq, resolve))
        },
        { concurrency: 2 },
      ),
    ])
    // a a a b c d a
    const keys = ['a', 'a', 'a', 'b', 'c', 'd', 'a']
    await here.log.accept(keys.map((key, n) => mixedMade(key, { n, key })))
    const end = async (seq: number) => {
      ends.get(seq)?.()
      await here.clock.advance(1)
    }
    await here.clock.advance(1)
    assert.deepEqual(begun, [1, 4])
    await end(1)
    assert.deepEqual(begun, [1, 4, 2])
    await end(2)
    assert.deepEqual(begun, [1, 4, 2, 3])
    await end(4)
    assert.deepEqual(begun, [1, 4, 2, 3, 5])
    await end(3)
    assert.deepEqual(begun, [1, 4, 2, 3, 5, 6])
  })

  it('is by identity if the function throws, which is logged', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const byWhat = () => {
      throw new Error('no')
    }
    await here.begin([listener('hear', on(mixedMade), ({ seq }) => void heard.push(seq), { ordered: byWhat })])
    await here.log.accept(mixed(5, 2))
    await here.clock.advance(1000)
    assert.deepEqual(heard, [1, 2, 3, 4, 5])
    assert.ok(here.notes.lines.some(({ level, words }) => level === 'error' && /ordered failed/.test(words)))
  })
})

describe('concurrent listeners', () => {
  it('do not wait for one that is slow, stuck or failing', async (t) => {
    const here = await place(t)
    const heard: Record<string, number[]> = { quick: [], slow: [], stuck: [], fails: [] }
    const hear = (name: string, handle: () => unknown) =>
      listener(name, on(mixedMade), ({ seq }) => {
        heard[name]?.push(seq)
        return handle()
      })
    await here.begin([
      hear('stuck', () => new Promise(() => undefined)),
      hear('fails', () => Promise.reject(new Error('no'))),
      hear('slow', () => sleep(here, 10_000)),
      hear('quick', () => undefined),
    ])
    await here.log.accept(mixed(100, 10))
    await here.clock.advance(1000)
    assert.equal(heard.quick?.length, 100)
    assert.equal(heard.slow?.length, 1)
    assert.equal(heard.stuck?.length, 1)
  })

  it('take no more than they can handle: a backlog stays in the log', async (t) => {
    const here = await place(t)
    const counts = { pulled: 0, retries: 0 }
    const stuck = listener('stuck', on(mixedMade), () => new Promise(() => undefined), { timeout: '1h' })
    await here.begin([stuck], { log: counted(here, counts) })
    for (let i = 0; i < 10; i++) {
      await here.log.accept(mixed(1000, 10).map((draft) => ({ ...draft, version: `${i} ${draft.version}` })))
    }
    await here.clock.advance(10_000)
    assert.ok(counts.pulled > 0 && counts.pulled <= 640, `${counts.pulled} of 10 000 are in memory`)
    assert.equal(counts.retries, 0)
  })

  it('write no record for events behind a slow one of their key', async (t) => {
    const here = await place(t)
    const counts = { pulled: 0, retries: 0 }
    let handled = 0
    const slow = listener('slow', on(mixedMade), async () => {
      handled += 1
      await sleep(here, 5000)
    })
    await here.begin([slow], { log: counted(here, counts) })
    await here.log.accept(Array.from({ length: 3000 }, (_, n) => mixedMade('hot', { n, key: 'hot' })))
    await here.clock.advance(60_000)
    assert.equal(handled, 13)
    assert.equal(counts.retries, 0)
  })

  for (const concurrency of [1, 4]) {
    it(`do not wait for a failing key, however many events are behind it (${concurrency} at a time)`, async (t) => {
      const here = await place(t)
      const counts = { pulled: 0, retries: 0 }
      const heard: Record<string, number[]> = { a: [], b: [], fine: [] }
      const part = listener(
        'hear',
        on(mixedMade),
        ({ data }, { attempt }) => {
          if (data.key !== 'fine' && data.n < 2 && attempt <= 2) throw new Retry({ after: '10m' })
          heard[data.key]?.push(data.n)
        },
        { concurrency },
      )
      await here.begin([part], { log: counted(here, counts) })
      const count = 800
      const hot = Array.from({ length: 2 * count }, (_, n) => {
        const key = n % 2 === 0 ? 'a' : 'b'
        return mixedMade(key, { n: Math.floor(n / 2), key })
      })
      const fine = Array.from({ length: 100 }, (_, n) => mixedMade(`${n}`, { n, key: 'fine' }))
      await here.log.accept(hot)
      await here.log.accept(fine)
      await here.clock.advance(5000)
      assert.equal(heard.fine?.length, 100)
      assert.deepEqual([heard.a, heard.b], [[], []])
      // Two retries of ten minutes, for each of the first two of a key.
      await here.clock.advance(41 * 60_000)
      const all = Array.from({ length: count }, (_, n) => n)
      assert.deepEqual([heard.a, heard.b], [all, all])
      t.diagnostic(`${counts.retries} records for ${hot.length} events`)
      assert.ok(counts.retries < 6 * hot.length, `${counts.retries} records were written for ${hot.length} events`)
    })
  }
})

/** The log, which counts how many events its consumers hand out and how many are put back or retried. */
function counted({ log }: Place, counts: { pulled: number; retries: number }): Log {
  return wrap(log, {
    consumer: async (name, options) => {
      const consumer = await log.consumer(name, options)
      const pull = consumer.pull.bind(consumer)
      const retry = consumer.retry.bind(consumer)
      consumer.pull = async (...given) => {
        const handed = await pull(...given)
        counts.pulled += handed.length
        return handed
      }
      consumer.retry = (...given) => {
        counts.retries += 1
        retry(...given)
      }
      return consumer
    },
  })
}

describe('an event that was in flight as the process died', () => {
  it('is put back until the older one of its key is due, which it would otherwise ask for without end', () => {
    const clock = virtualClock()
    const due = clock.now() + 5000
    const back: [seq: number, at: number][] = []
    const queue = new Queue(
      listener('hear', on('made'), () => undefined, { ordered: true }),
      { clock, logger: silentLogger, putBack: ({ event }, at) => void back.push([event.seq, at]) },
    )
    const event = (seq: number): StoredEvent => ({ type: 'made', identifier: String(seq), data: {}, seq, created: 0 })
    queue.waits(event(1), due)
    assert.equal(queue.admit({ event: event(2), attempt: 1, crashes: 0 }), undefined)
    assert.deepEqual(back, [[2, due]])
  })
})
