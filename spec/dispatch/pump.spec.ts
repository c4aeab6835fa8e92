import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import { Park, Retry } from '../../lib/core/control.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place, wrap } from '../support/agent-harness.ts'
import { codeOf, drafts, type Mixed, made, mixed, mixedMade, sleep, turn } from '../support/deliveries.ts'

describe('synchronous handlers', () => {
  it('yield to the event loop, however many events there are', async (t) => {
    const here = await place(t)
    let heard = 0
    let turns = 0
    const handle = (): void => {
      heard += 1
      // Each takes 1 ms of the pump's clock.
      here.clock.step(1)
    }
    await here.begin([listener('hear', on(made), handle)])
    await here.log.accept(drafts(...Array.from({ length: 500 }, (_, n) => n)))
    while (heard < 500 && turns < 10_000) {
      await turn()
      turns += 1
    }
    assert.equal(heard, 500)
    assert.ok(turns >= 50, `${turns} turns`)
  })
})

describe('a listener that is stopped', () => {
  it('while it handles an event gets that event again, and no earlier one', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    let stuck = true
    const part = listener(
      'hear',
      on(mixedMade),
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
    // Cut off by the agent: that start does not count.
    assert.deepEqual(heard.slice(3), ['3.1', '4.1', '5.1'])
  })

  it('has ten seconds to end its deliveries, and none begins meanwhile', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const start = here.clock.now()
    const say = (what: string) => happened.push(`${(here.clock.now() - start) / 1000} ${what}`)
    const running = await here.begin([
      listener('ends', on(mixedMade), async ({ seq }) => {
        say(`begin ${seq}`)
        await sleep(here, 9000)
        say(`end ${seq}`)
      }),
      listener(
        'hangs',
        on(mixedMade),
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
      // The event that was cut off has a record, so the cursor may pass it.
      assert.deepEqual([cursor, lag.retrying, lag.parked], [1, name === 'ends' ? 0 : 1, 0], name)
    }
  })

  it('hears each event exactly once over clean stops, with several at a time', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom<ListenerOptions<Mixed>['ordered']>(undefined, true, false),
        fc.nat(),
        async (pauses, concurrency, ordered, seed) => {
          const here = await place(t)
          const heard: number[] = []
          const part = listener(
            'hear',
            on(mixedMade),
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

describe('a listener that is new to the log', () => {
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
    it(`begins at ${from instanceof Date ? from.toISOString() : (from ?? 'now by default')}`, async (t) => {
      const here = await place(t)
      for (const n of [1, 2, 3, 4]) {
        await here.log.accept([mixedMade(`${n}`, { n, key: '' })])
        await here.clock.advance(1000)
      }
      const heard: number[] = []
      const part = listener(
        'hear',
        on(mixedMade),
        ({ seq }) => void heard.push(seq),
        from === undefined ? {} : { from },
      )
      const running = await here.begin([part])
      await here.log.accept([mixedMade('5', { n: 5, key: '' })])
      await here.clock.advance(1000)
      assert.deepEqual(heard, expected)
      // It is known now, so another start does not move its cursor.
      await here.end(running)
      await here.begin([listener('hear', on(mixedMade), ({ seq }) => void heard.push(seq), { from: 'start' })])
      await here.clock.advance(1000)
      assert.deepEqual(heard, expected)
      assert.deepEqual(
        here.notes.said('new listener').map(({ listener: name }) => name),
        ['hear'],
      )
    })
  }

  it('takes over the cursor, the retries, the parked events and the state of its former name', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const hear = (name: string, options: ListenerOptions<Mixed>) =>
      listener(
        name,
        on(mixedMade),
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
    // It keeps its own cursor from now on.
    await here.end(running)
    await here.begin([hear('new', { formerly: 'old' })])
    assert.equal((await here.log.store('listener/new').get('n'))?.value, 2)
  })

  it('stays paused under its new name', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const hear = (name: string, options: ListenerOptions<Mixed>) =>
      listener(name, on(mixedMade), ({ seq }) => void heard.push(seq), options)
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
  it('fails for a while handles its events again: nothing is lost', async (t) => {
    const here = await place(t)
    const follow = eventType('follow').of<number>()
    let broken = true
    const failing = wrap(here.log, {
      accept: async (...given) => {
        if (broken) throw new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')
        return here.log.accept(...given)
      },
    })
    const part = listener('hear', on(mixedMade), ({ seq }, { publish }) => publish(follow, String(seq), seq))
    await here.begin([part], { log: failing })
    await here.log.accept(mixed(3, 3))
    await here.clock.advance(2000)
    broken = false
    await here.clock.advance(60_000)
    const follows = (await here.events()).filter(({ type }) => type === 'follow').map(({ data }) => data)
    assert.deepEqual(new Set(follows), new Set([1, 2, 3]))
  })

  it('is away for a minute continues as soon as that is back', async (t) => {
    const here = await place(t)
    let isAway = true
    const away = wrap(here.log, {
      get state() {
        return isAway ? 'failed' : here.log.state
      },
      async consumer(...given) {
        const consumer = await here.log.consumer(...given)
        return wrap(consumer, {
          async hold(signal) {
            if (isAway) throw new TidingsError('TIDINGS_LOG_FAILED', 'the server is away')
            return consumer.hold(signal)
          },
        })
      },
    })
    const heard: number[] = []
    await here.begin([listener('hear', on(mixedMade), ({ seq }) => void heard.push(seq))], { log: away })
    await here.log.accept(mixed(2, 2))
    await here.clock.advance(60_000)
    isAway = false
    await here.clock.advance(300)
    assert.deepEqual(heard, [1, 2])
  })

  it('is closed meanwhile ends alone, which is logged', async (t) => {
    const here = await place(t)
    const running = await here.begin([listener('hear', on(mixedMade), () => undefined)])
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
