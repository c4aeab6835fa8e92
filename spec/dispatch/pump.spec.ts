import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { operations } from '../../lib/agent/operations/operations.ts'
import { Park, Retry } from '../../lib/core/control.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import type { Log } from '../../lib/log/port.ts'
import { type Place, place, wrap } from '../support/agent-harness.ts'

/** Versioned, so that one identity has many events. */
const made = eventType('made').of<{ n: number; key: string }>({ changed: true })
type Made = StoredEvent<'made', { n: number; key: string }>

const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code

/** `count` events of so many keys, in no particular order of keys. */
const mixed = (count: number, keys: number) =>
  Array.from({ length: count }, (_, n) => {
    const key = `key ${(n * 7 + Math.floor(n / 13)) % keys}`
    return made(key, { n, key })
  })

const sleep = ({ clock }: Place, ms: number) => new Promise<void>((resolve) => void clock.timer(resolve, ms))

describe('order', () => {
  const modes: Record<string, { ordered: ListenerOptions<Made>['ordered']; keyOf: (event: Made) => string }> = {
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
          on(made),
          async (event, { attempt }) => {
            const key = keyOf(event)
            most = Math.max(most, ++going)
            open.set(key, (open.get(key) ?? 0) + 1)
            assert.equal(open.get(key), 1, `two at a time of ${key}`)
            // Whatever came before it in its key is acked or parked.
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
        const event = { ...draft, seq: i + 1, created: 0 } as Made
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

  it('is that of the log, when events come one at a time and none fails', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await here.begin([
      listener('hear', on(made), async ({ seq }) => {
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

  it('of first attempts is that of the log, but for those that wait for their key', async (t) => {
    const here = await place(t)
    const begun: number[] = []
    const ends = new Map<number, () => void>()
    await here.begin([
      listener(
        'hear',
        on(made),
        ({ seq }) => {
          begun.push(seq)
          return new Promise<void>((resolve) => ends.set(seq, resolve))
        },
        { concurrency: 2 },
      ),
    ])
    // a a a b c d a
    const keys = ['a', 'a', 'a', 'b', 'c', 'd', 'a']
    await here.log.accept(keys.map((key, n) => made(key, { n, key })))
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

  it('by a function that throws is that by identity, which is said', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const byWhat = () => {
      throw new Error('no')
    }
    await here.begin([listener('hear', on(made), ({ seq }) => void heard.push(seq), { ordered: byWhat })])
    await here.log.accept(mixed(5, 2))
    await here.clock.advance(1000)
    assert.deepEqual(heard, [1, 2, 3, 4, 5])
    assert.ok(here.notes.lines.some(({ level, words }) => level === 'error' && /ordered failed/.test(words)))
  })
})

describe('an event that fails', () => {
  it('holds back only its key, and parking releases that', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const start = here.clock.now()
    await here.begin([
      listener(
        'hear',
        on(made),
        ({ data, seq }, { attempt }) => {
          happened.push(`${(here.clock.now() - start) / 1000} ${data.key}${seq}.${attempt}`)
          if (seq === 1) throw new Retry({ after: '10s' })
        },
        { attempts: 3 },
      ),
    ])
    await here.log.accept(['a', 'b', 'a', 'b', 'a'].map((key, n) => made(key, { n, key })))
    await here.clock.advance(60_000)
    assert.deepEqual(happened, ['0 a1.1', '0 b2.1', '0 b4.1', '10 a1.2', '20 a1.3', '20 a3.1', '20 a5.1'])
    assert.deepEqual(
      here.notes.said('event parked').map(({ listener: name, seq }) => [name, seq]),
      [['hear', 1]],
    )
  })

  it('is tried five times when nothing else is said, after pauses from one second that double, and parked', async (t) => {
    const here = await place(t)
    const start = here.clock.now()
    const tried: number[] = []
    const running = await here.begin([
      listener('hear', on(made), () => {
        tried.push(here.clock.now() - start)
        throw new Error(`no ${tried.length}`)
      }),
    ])
    await here.log.accept(mixed(1, 1))
    await here.clock.advance(3600_000)
    const pauses = tried.slice(1).map((ms, i) => ms - (tried[i] as number))
    assert.equal(pauses.length, 4)
    for (const [i, pause] of pauses.entries()) {
      const whole = 1000 * 2 ** i
      assert.ok(pause >= whole / 2 && pause <= whole, `${pause} of ${whole}`)
    }
    assert.equal((await running.status()).listeners[0]?.parked, 1)
    await here.end(running)
    const consumer = await here.log.consumer('hear', { start: 'now' })
    const parked = []
    for await (const each of consumer.parked()) parked.push(each)
    assert.deepEqual(
      parked.map(({ event, attempts, error }) => [event.seq, attempts, error.message]),
      [[1, 5, 'no 5']],
    )
  })

  it('waits ten minutes at most', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    await here.begin([
      listener(
        'hear',
        on(made),
        () => {
          tried.push(here.clock.now())
          throw new Error('no')
        },
        { attempts: 20 },
      ),
    ])
    await here.log.accept(mixed(1, 1))
    await here.clock.advance(86_400_000)
    assert.equal(tried.length, 20)
    const longest = Math.max(...tried.slice(1).map((ms, i) => ms - (tried[i] as number)))
    assert.ok(longest <= 600_000 && longest > 300_000)
  })

  it('keeps its count over restarts', async (t) => {
    const here = await place(t)
    const attempts: number[] = []
    const part = listener(
      'hear',
      on(made),
      (_, { attempt }) => {
        attempts.push(attempt)
        throw new Retry({ after: '10m' })
      },
      { attempts: 4 },
    )
    let running = await here.begin([part])
    await here.log.accept(mixed(1, 1))
    for (let restart = 0; restart < 6; restart++) {
      await here.clock.advance(11 * 60_000)
      await here.end(running)
      running = await here.begin([part])
    }
    assert.deepEqual(attempts, [1, 2, 3, 4])
    assert.equal((await running.status()).listeners[0]?.parked, 1)
  })

  it('comes back in time, and so does what waits behind it, when the clock goes back meanwhile', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const part = listener('hear', on(made), ({ seq }, { attempt }) => {
      heard.push(`${seq}.${attempt}`)
      if (seq === 1 && attempt < 3) throw new Retry({ after: '20s' })
    })
    await here.begin([part])
    await here.log.accept([made('a', { n: 1, key: 'a' })])
    await here.clock.advance(5000)
    here.clock.step(-7200_000)
    await here.log.accept(['a', 'b'].map((key) => made(key, { n: 2, key })))
    await here.clock.advance(21_000)
    assert.deepEqual(heard, ['1.1', '3.1', '1.2'])
    here.clock.step(-7200_000)
    await here.clock.advance(51_000)
    assert.deepEqual(heard, ['1.1', '3.1', '1.2', '1.3', '2.1'])
  })

  it('is not overtaken in its key after a restart', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const part = listener(
      'hear',
      on(made),
      ({ seq }, { attempt }) => {
        heard.push(`${seq}.${attempt}`)
        if (seq === 1 && attempt === 1) throw new Retry({ after: '10m' })
      },
      {},
    )
    const first = await here.begin([part])
    await here.log.accept([made('a', { n: 1, key: 'a' })])
    await here.clock.advance(1000)
    await here.end(first)
    await here.begin([part])
    await here.log.accept(['a', 'b'].map((key) => made(key, { n: 2, key })))
    await here.clock.advance(60_000)
    assert.deepEqual(heard, ['1.1', '3.1'])
    await here.clock.advance(600_000)
    assert.deepEqual(heard, ['1.1', '3.1', '1.2', '2.1'])
  })

  it('comes back when it says so, which counts as an attempt; or never, when it says that', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    const start = here.clock.now()
    await here.begin([
      listener('hear', on(made), ({ seq }, { attempt }) => {
        tried.push(here.clock.now() - start)
        if (seq === 2) throw new Park('enough')
        if (attempt < 5) throw new Retry({ after: '1h' })
      }),
    ])
    await here.log.accept(mixed(2, 2))
    await here.clock.advance(86_400_000)
    assert.deepEqual(
      tried.map((ms) => ms / 3600_000),
      [0, 0, 1, 2, 3, 4],
    )
    assert.deepEqual(
      here.notes.said('event parked').map(({ seq }) => seq),
      [2],
    )
  })

  it('is told again, as attempt one, when a person releases it', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    let broken = true
    const part = listener(
      'hear',
      on(made),
      (_, { attempt }) => {
        tried.push(attempt)
        if (broken) throw new Error('no')
      },
      { attempts: 2 },
    )
    const running = await here.begin([part])
    await here.log.accept(mixed(1, 1))
    await here.clock.advance(60_000)
    await here.end(running)
    broken = false
    const consumer = await here.log.consumer('hear', { start: 'now' })
    assert.equal(await consumer.release(1), true)
    await here.begin([part])
    await here.clock.advance(1000)
    assert.deepEqual(tried, [1, 2, 1])
  })
})

describe('listeners side by side', () => {
  it('do not wait for one that is slow, stuck, or fails', async (t) => {
    const here = await place(t)
    const heard: Record<string, number[]> = { quick: [], slow: [], stuck: [], fails: [] }
    const hear = (name: string, handle: () => unknown) =>
      listener(name, on(made), ({ seq }) => {
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

  it('hear no more than they can take: a backlog stays in the log', async (t) => {
    const here = await place(t)
    const counts = { pulled: 0, retries: 0 }
    const stuck = listener('stuck', on(made), () => new Promise(() => undefined), { timeout: '1h' })
    await here.begin([stuck], { log: counted(here, counts) })
    for (let i = 0; i < 10; i++) {
      await here.log.accept(mixed(1000, 10).map((draft) => ({ ...draft, version: `${i} ${draft.version}` })))
    }
    await here.clock.advance(10_000)
    assert.ok(counts.pulled > 0 && counts.pulled <= 640, `${counts.pulled} of 10 000 are in memory`)
    assert.equal(counts.retries, 0)
  })

  it('do not write again and again what waits behind a slow event of its key', async (t) => {
    const here = await place(t)
    const counts = { pulled: 0, retries: 0 }
    let handled = 0
    const slow = listener('slow', on(made), async () => {
      handled += 1
      await sleep(here, 5000)
    })
    await here.begin([slow], { log: counted(here, counts) })
    await here.log.accept(Array.from({ length: 3000 }, (_, n) => made('hot', { n, key: 'hot' })))
    await here.clock.advance(60_000)
    assert.equal(handled, 13)
    assert.equal(counts.retries, 0)
  })

  for (const concurrency of [1, 4]) {
    it(`wait for no key that fails, however much waits behind it (${concurrency} at a time)`, async (t) => {
      const here = await place(t)
      const counts = { pulled: 0, retries: 0 }
      const heard: Record<string, number[]> = { a: [], b: [], fine: [] }
      const part = listener(
        'hear',
        on(made),
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
        return made(key, { n: Math.floor(n / 2), key })
      })
      const fine = Array.from({ length: 100 }, (_, n) => made(`${n}`, { n, key: 'fine' }))
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

/** The log, counting what its consumers hand out and what they are told to hand out again. */
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

describe('a listener that is stopped', () => {
  it('in mid-event gets that event again, and no earlier one', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    let stuck = true
    const part = listener(
      'hear',
      on(made),
      async ({ seq }, { attempt, signal }) => {
        heard.push(`${seq}.${attempt}`)
        if (seq === 3 && stuck)
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      { timeout: '1h' },
    )
    const running = await here.begin([part])
    await here.log.accept(mixed(5, 5))
    await here.clock.advance(1000)
    await here.end(running)
    assert.deepEqual(heard, ['1.1', '2.1', '3.1'])
    stuck = false
    await here.begin([part])
    await here.clock.advance(1000)
    // Cut off by the agent: that start is not held against it.
    assert.deepEqual(heard.slice(3), ['3.1', '4.1', '5.1'])
  })

  it('is given ten seconds to end what goes on, and nothing new begins meanwhile', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const start = here.clock.now()
    const say = (what: string) => happened.push(`${(here.clock.now() - start) / 1000} ${what}`)
    const running = await here.begin([
      listener('ends', on(made), async ({ seq }) => {
        say(`begin ${seq}`)
        await sleep(here, 9000)
        say(`end ${seq}`)
      }),
      listener(
        'hangs',
        on(made),
        async (_, { signal }) => {
          signal.addEventListener('abort', () => say('cut off'))
          await new Promise(() => undefined)
        },
        { timeout: '1h' },
      ),
    ])
    await here.log.accept(mixed(3, 3))
    await here.clock.advance(1000)
    await here.end(running)
    assert.deepEqual(happened, ['0 begin 1', '9 end 1', '11 cut off'])
    for await (const { name, cursor, lag } of here.log.consumers()) {
      // What was cut off has a record: the cursor may pass it.
      assert.deepEqual([cursor, lag.retrying, lag.parked], [1, name === 'ends' ? 0 : 1, 0], name)
    }
  })

  it('with several at a time hears each exactly once over clean stops', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom<ListenerOptions<Made>['ordered']>(undefined, true, false),
        fc.nat(),
        async (pauses, concurrency, ordered, seed) => {
          const here = await place(t)
          const heard: number[] = []
          const part = listener(
            'hear',
            on(made),
            async ({ seq }) => {
              await sleep(here, (seq * 7919 + seed) % 50)
              heard.push(seq)
            },
            { concurrency, ...(ordered === undefined ? {} : { ordered }), from: 'start' },
          )
          await here.log.accept(mixed(60, 7))
          for (const pause of pauses) {
            const running = await here.begin([part])
            await here.clock.advance(pause)
            await here.end(running)
          }
          const last = await here.begin([part])
          await here.clock.advance(10_000)
          await here.end(last)
          assert.deepEqual(
            heard.toSorted((a, b) => a - b),
            Array.from({ length: 60 }, (_, i) => i + 1),
          )
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('a listener that was never seen before', () => {
  const all = [1, 2, 3, 4, 5]
  const starts: [ListenerOptions['from'], number[]][] = [
    [undefined, [5]],
    ['now', [5]],
    ['start', all],
    [3, [3, 4, 5]],
    [0, all],
    [99, []],
    [new Date('2026-01-01T00:00:02Z'), [3, 4, 5]],
    [new Date('2030-01-01T00:00:00Z'), []],
  ]
  for (const [from, expected] of starts) {
    it(`begins at ${from instanceof Date ? from.toISOString() : (from ?? 'now, when nothing else is said')}`, async (t) => {
      const here = await place(t)
      for (const n of [1, 2, 3, 4]) {
        await here.log.accept([made(`${n}`, { n, key: '' })])
        await here.clock.advance(1000)
      }
      const heard: number[] = []
      const part = listener('hear', on(made), ({ seq }) => void heard.push(seq), from === undefined ? {} : { from })
      const running = await here.begin([part])
      await here.log.accept([made('5', { n: 5, key: '' })])
      await here.clock.advance(1000)
      assert.deepEqual(heard, expected)
      // Known from then on: another start does not move its cursor.
      await here.end(running)
      await here.begin([listener('hear', on(made), ({ seq }) => void heard.push(seq), { from: 'start' })])
      await here.clock.advance(1000)
      assert.deepEqual(heard, expected)
      assert.deepEqual(
        here.notes.said('new listener').map(({ listener: name }) => name),
        ['hear'],
      )
    })
  }

  it('takes over the cursor, the retries, the parked events and the state of the name that it had formerly', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const hear = (name: string, options: ListenerOptions<Made>) =>
      listener(
        name,
        on(made),
        async ({ seq }, { attempt, state }) => {
          heard.push(`${name} ${seq}.${attempt}`)
          state.set('n', ((await state.get<number>('n')) ?? 0) + 1)
          if (seq === 1) throw new Park('no')
          if (seq === 2 && attempt === 1) throw new Retry({ after: '1m' })
        },
        options,
      )
    const old = await here.begin([hear('old', {})])
    await here.log.accept(mixed(3, 3))
    await here.clock.advance(1000)
    await here.end(old)
    const running = await here.begin([hear('new', { formerly: 'old', from: 'start' })])
    await here.clock.advance(120_000)
    assert.deepEqual(heard, ['old 1.1', 'old 2.1', 'old 3.1', 'new 2.2'])
    assert.equal((await running.status()).listeners[0]?.parked, 1)
    assert.deepEqual(
      here.notes.said('renamed listener').map(({ listener: name, formerly }) => [name, formerly]),
      [['new', 'old']],
    )
    // Each of the two has handled one event.
    assert.equal((await here.log.store('listener/new').get('n'))?.value, 2)
    assert.equal(await here.log.store('listener/old').get('n'), undefined)
    // Once it has a cursor of its own, that stays so.
    await here.end(running)
    await here.begin([hear('new', { formerly: 'old' })])
    assert.equal((await here.log.store('listener/new').get('n'))?.value, 2)
  })

  it('stays paused under its new name', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const hear = (name: string, options: ListenerOptions<Made>) =>
      listener(name, on(made), ({ seq }) => void heard.push(seq), options)
    await here.end(await here.begin([hear('old', {})]))
    await operations(here.log).listeners.pause('old')
    const running = await here.begin([hear('new', { formerly: 'old' })])
    await here.log.accept(mixed(1, 1))
    await here.clock.advance(1000)
    const [listed] = (await running.status()).listeners
    assert.deepEqual([heard, listed?.paused], [[], true])
  })
})

describe('a listener whose log', () => {
  it('takes nothing for a while has its events handled again: nothing is lost', async (t) => {
    const here = await place(t)
    const follow = eventType('follow').of<number>()
    let broken = true
    const failing = wrap(here.log, {
      accept: async (...given) => {
        if (broken) throw new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')
        return here.log.accept(...given)
      },
    })
    const part = listener('hear', on(made), ({ seq }, { publish }) => publish(follow, String(seq), seq))
    await here.begin([part], { log: failing })
    await here.log.accept(mixed(3, 3))
    await here.clock.advance(2000)
    broken = false
    await here.clock.advance(60_000)
    const follows = (await here.events()).filter(({ type }) => type === 'follow').map(({ data }) => data)
    assert.deepEqual(new Set(follows), new Set([1, 2, 3]))
  })

  it('is closed under it ends, which is said, and takes nobody with it', async (t) => {
    const here = await place(t)
    const running = await here.begin([listener('hear', on(made), () => undefined)])
    await here.clock.advance(10)
    await here.log.close()
    await here.clock.advance(1000)
    assert.deepEqual(
      here.notes.said('stopped working').map(({ listener: name, err }) => [name, codeOf(err)]),
      [['hear', 'TIDINGS_LOG_CLOSED']],
    )
    await here.end(running)
  })
})
