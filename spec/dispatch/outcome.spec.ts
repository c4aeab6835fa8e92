import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Park, Retry } from '../../lib/core/control.ts'
import { backoff } from '../../lib/dispatch/outcome.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place } from '../support/agent-harness.ts'
import { drafts, hear, made, mixed, mixedMade, parkedOf } from '../support/deliveries.ts'

describe('backoff', () => {
  it('lies between half and all of min · 2^(attempt - 1), and never exceeds max', () => {
    const bounds = fc.record({ min: fc.nat(10_000), max: fc.nat(1_000_000) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), bounds, fc.string(), (attempt, { min, max }, key) => {
        const whole = Math.min(max, min * 2 ** Math.min(attempt - 1, 60))
        const ms = backoff(attempt, { min, max }, key)
        assert.ok(Number.isSafeInteger(ms))
        assert.ok(ms >= Math.floor(whole / 2) && ms <= Math.ceil(whole), `${ms} of ${whole}`)
      }),
    )
  })

  it('is the same for the same attempt at the same event, and spreads evenly for others', () => {
    const bounds = { min: 1000, max: 600_000 }
    assert.equal(backoff(3, bounds, 'a'), backoff(3, bounds, 'a'))
    const spread = Array.from({ length: 1000 }, (_, i) => backoff(1, bounds, `event ${i}`))
    // Uniform over 500 to 1000: a tenth of the range has about a hundred of a thousand.
    for (let from = 500; from < 1000; from += 50) {
      const share = spread.filter((ms) => ms >= from && ms < from + 50).length
      assert.ok(share > 50 && share < 160, `${share} from ${from}`)
    }
    assert.ok(new Set([1, 2, 3, 4].map((n) => backoff(n, { min: 1000, max: 1000 }, 'a'))).size > 1)
  })
})

describe('Park', () => {
  it('parks an event at once, with its reason', async (t) => {
    const here = await place(t)
    let handled = 0
    await hear(
      here,
      [
        listener('hear', on(made), () => {
          handled += 1
          throw new Park('no such project')
        }),
      ],
      drafts(1),
      3600_000,
    )
    assert.equal(handled, 1)
    const [parked] = await parkedOf(here)
    assert.deepEqual(
      [parked?.attempts, parked?.error.message, parked?.error.code],
      [1, 'no such project', 'TIDINGS_PARKED'],
    )
  })
})

describe('an event that fails', () => {
  it('holds back only its key, until it is parked', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const start = here.clock.now()
    await here.begin([
      listener(
        'hear',
        on(mixedMade),
        ({ data, seq }, { attempt }) => {
          happened.push(`${(here.clock.now() - start) / 1000} ${data.key}${seq}.${attempt}`)
          if (seq === 1) throw new Retry({ after: '10s' })
        },
        { attempts: 3 },
      ),
    ])
    await here.log.accept(['a', 'b', 'a', 'b', 'a'].map((key, n) => mixedMade(key, { n, key })))
    await here.clock.advance(60_000)
    assert.deepEqual(happened, ['0 a1.1', '0 b2.1', '0 b4.1', '10 a1.2', '20 a1.3', '20 a3.1', '20 a5.1'])
    assert.deepEqual(
      here.notes.said('event parked').map(({ listener: name, seq }) => [name, seq]),
      [['hear', 1]],
    )
  })

  it('is tried five times by default, after delays that double from one second, and then parked', async (t) => {
    const here = await place(t)
    const start = here.clock.now()
    const tried: number[] = []
    const running = await here.begin([
      listener('hear', on(mixedMade), () => {
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

  it('waits at most ten minutes', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    await here.begin([
      listener(
        'hear',
        on(mixedMade),
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
      on(mixedMade),
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

  it('comes back in time, with the events behind it, when the clock steps back meanwhile', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const part = listener('hear', on(mixedMade), ({ seq }, { attempt }) => {
      heard.push(`${seq}.${attempt}`)
      if (seq === 1 && attempt < 3) throw new Retry({ after: '20s' })
    })
    await here.begin([part])
    await here.log.accept([mixedMade('a', { n: 1, key: 'a' })])
    await here.clock.advance(5000)
    here.clock.step(-7200_000)
    await here.log.accept(['a', 'b'].map((key) => mixedMade(key, { n: 2, key })))
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
      on(mixedMade),
      ({ seq }, { attempt }) => {
        heard.push(`${seq}.${attempt}`)
        if (seq === 1 && attempt === 1) throw new Retry({ after: '10m' })
      },
      {},
    )
    const first = await here.begin([part])
    await here.log.accept([mixedMade('a', { n: 1, key: 'a' })])
    await here.clock.advance(1000)
    await here.end(first)
    await here.begin([part])
    await here.log.accept(['a', 'b'].map((key) => mixedMade(key, { n: 2, key })))
    await here.clock.advance(60_000)
    assert.deepEqual(heard, ['1.1', '3.1'])
    await here.clock.advance(600_000)
    assert.deepEqual(heard, ['1.1', '3.1', '1.2', '2.1'])
  })

  it('comes back when its Retry says so, which counts as an attempt; or never after a Park', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    const start = here.clock.now()
    await here.begin([
      listener('hear', on(mixedMade), ({ seq }, { attempt }) => {
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

  it('is told again as attempt 1 when a person releases it', async (t) => {
    const here = await place(t)
    const tried: number[] = []
    let broken = true
    const part = listener(
      'hear',
      on(mixedMade),
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
