import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  asapScheduler,
  concatMap,
  concatWith,
  delay,
  EMPTY,
  filter,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  repeat,
  retry,
  subscribeOn,
  throwError,
  timeout,
} from 'rxjs'
import { type StoredEvent } from '../../lib/core/event.ts'
import { where } from '../../lib/filter/where.ts'
import { gt } from '../../lib/filters.ts'
import { type Delivery, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { place, unhandled } from '../support/agent-harness.ts'
import { codeOf, drafts, hear, made, once, parkedOf, turn } from '../support/deliveries.ts'
import { until } from '../support/until.ts'

describe('a pipe', () => {
  it('passes each event to the handler, in order, one at a time', async (t) => {
    const here = await place(t)
    let going = 0
    const heard: number[] = []
    const running = await hear(
      here,
      [
        listener('hear', on(made), async ({ data }) => {
          assert.equal(++going, 1)
          await turn()
          heard.push(data.n)
          going -= 1
        }),
      ],
      drafts(1, 2, 3, 4),
    )
    assert.deepEqual(heard, [1, 2, 3, 4])
    assert.deepEqual((await running.status()).listeners, [
      { name: 'hear', behind: 0, running: 0, retrying: 0, parked: 0 },
    ])
  })

  it('consists of any operators: tests, paths, maps, flattenings; narrow types reach the handler', async (t) => {
    const here = await place(t)
    const heard: unknown[] = []
    const words = on(made).pipe(
      where('data.n', gt(1)),
      where((event) => event.data.n < 5),
      map((event) => event.data.n),
      mergeMap((n) => of(n).pipe(delay(1))),
      concatMap((n) => [`${n}a`, `${n}b`]),
      filter((word) => word !== '3a'),
    )
    await here.begin([listener('hear', words, (word, { event, index }) => void heard.push([word, event.seq, index]))])
    await here.log.accept(drafts(1, 2, 3, 4, 5))
    await until(() => heard.length >= 5)
    assert.deepEqual(heard, [
      ['2a', 2, 0],
      ['2b', 2, 1],
      ['3b', 3, 0],
      ['4a', 4, 0],
      ['4b', 4, 1],
    ])
  })

  it('that emits nothing lets the event pass, and the cursor advances for good', async (t) => {
    const here = await place(t)
    let handled = 0
    const parts = [
      listener('filtered', on(made).pipe(where(() => false)), () => void (handled += 1)),
      listener('empty', on(made).pipe(mergeMap(() => EMPTY)), () => void (handled += 1)),
    ]
    await here.end(await hear(here, parts, drafts(1, 2, 3)))
    for await (const { name, cursor } of here.log.consumers()) assert.equal(cursor, 3, name)
    await hear(here, parts, [])
    assert.equal(handled, 0)
  })

  it('that makes several values has them handled one after another, and the ack follows the last', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    let going = 0
    const running = await here.begin([
      listener(
        'hear',
        on(made).pipe(mergeMap(({ data }) => [1, 2, 3].map((i) => `${data.n}.${i}`))),
        async (value, { index }) => {
          assert.equal(++going, 1)
          happened.push(`${value} at ${index}`)
          await new Promise<void>((resolve) => void here.clock.timer(resolve, 1000))
          going -= 1
        },
      ),
    ])
    await here.log.accept(drafts(1, 2))
    await here.clock.advance(2999)
    assert.deepEqual(happened, ['1.1 at 0', '1.2 at 1', '1.3 at 2'])
    assert.equal((await running.status()).listeners[0]?.running, 2)
    await here.clock.advance(1)
    assert.equal((await running.status()).listeners[0]?.running, 1)
    await here.clock.advance(3000)
    assert.deepEqual(happened.slice(3), ['2.1 at 0', '2.2 at 1', '2.3 at 2'])
  })

  it('begins with the first value at each attempt', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const keys: string[] = []
    await hear(
      here,
      [
        listener('hear', on(made).pipe(mergeMap(() => ['a', 'b', 'c'])), (value, { index, attempt, key }) => {
          happened.push(`${value}${index} ${attempt}`)
          keys.push(key)
          if (value === 'b' && attempt === 1) throw new Error('no')
        }),
      ],
      drafts(1),
      60_000,
    )
    assert.deepEqual(happened, ['a0 1', 'b1 1', 'a0 2', 'b1 2', 'c2 2'])
    assert.deepEqual(keys.slice(0, 2), keys.slice(2, 4))
    assert.equal(new Set(keys).size, 3)
  })

  it('that errors fails the delivery, also after it has emitted', async (t) => {
    const here = await place(t)
    let handled = 0
    const broken = mergeMap((event: StoredEvent) => of(event).pipe(concatWith(throwError(() => new Error('no')))))
    await hear(here, [listener('hear', on(made).pipe(broken), () => void (handled += 1), once)], drafts(1))
    assert.equal(handled, 1)
    assert.deepEqual(
      (await parkedOf(here)).map(({ error }) => error.message),
      ['no'],
    )
  })

  it('that throws while it is built fails the delivery', async (t) => {
    const here = await place(t)
    const broken = () => {
      throw new Error('no')
    }
    await hear(here, [listener('hear', on(made).pipe(broken), () => undefined, once)], drafts(1))
    assert.equal((await parkedOf(here)).length, 1)
  })

  it('may use the clock of rxjs: timeout fails a delivery that takes too long', async (t) => {
    const here = await place(t)
    const slow = on(made).pipe(
      mergeMap(() => NEVER),
      timeout({ first: 20 }),
    )
    await here.begin([listener('hear', slow, () => undefined, once)])
    await here.log.accept(drafts(1))
    await until(() => here.notes.said('event parked').length > 0)
    assert.deepEqual(
      (await parkedOf(here)).map(({ error }) => error.name),
      ['TimeoutError'],
    )
  })

  it('sees only its own event, however late or often an operator subscribes and however many deliveries run', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    let failures = 0
    const again = on(made).pipe(
      mergeMap(async (event) => {
        await turn()
        if (failures < 4) {
          failures += 1
          throw new Error(`not yet ${event.data.n}`)
        }
        return event.data.n
      }),
      retry({ count: 5, delay: () => from(turn()) }),
    )
    const twice = on(made).pipe(
      map((event) => event.data.n),
      repeat({ count: 2, delay: () => from(turn()) }),
    )
    const later = on(made).pipe(
      subscribeOn(asapScheduler),
      map((event) => event.data.n),
    )
    const options = { concurrency: 4, attempts: 1 }
    const say =
      (what: string) =>
      (n: number, { event }: Delivery<StoredEvent<'made', { n: number }>>): void => {
        assert.equal(n, event.data.n, what)
        heard.push(`${what} ${n}`)
      }
    await hear(
      here,
      [
        listener('again', again, say('again'), options),
        listener('twice', twice, say('twice'), options),
        listener('later', later, say('later'), options),
      ],
      drafts(1, 2, 3, 4),
    )
    for (const name of ['again', 'twice', 'later']) assert.deepEqual(await parkedOf(here, name), [], name)
    assert.deepEqual(
      heard.sort(),
      [1, 2, 3, 4].flatMap((n) => [`again ${n}`, `later ${n}`, `twice ${n}`, `twice ${n}`]).sort(),
    )
  })
})

describe('a handler', () => {
  const results: Record<string, (done: () => void) => unknown> = {
    'a promise': async (done) => {
      await turn()
      done()
    },
    'a thenable': (done) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- the handler returns a thenable
      then: (resolve: (value?: unknown) => void) => setImmediate(() => (done(), resolve())),
    }),
    'an Observable': (done) =>
      new Observable((subscriber) => {
        subscriber.next(1)
        void turn().then(() => (subscriber.next(2), done(), subscriber.complete()))
      }),
    'a promise of an Observable': async (done) =>
      new Observable((subscriber) => void turn().then(() => (done(), subscriber.complete()))),
  }
  for (const [what, result] of Object.entries(results)) {
    it(`runs to the end of ${what} that it returns`, async (t) => {
      const here = await place(t)
      const happened: string[] = []
      const running = await hear(
        here,
        [
          listener('hear', on(made), ({ data }) => {
            happened.push(`begin ${data.n}`)
            return result(() => happened.push(`end ${data.n}`))
          }),
        ],
        drafts(1, 2),
      )
      assert.deepEqual(happened, ['begin 1', 'end 1', 'begin 2', 'end 2'])
      assert.equal((await running.status()).listeners[0]?.running, 0)
    })
  }

  const failures: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('no')
    },
    rejects: () => Promise.reject(new Error('no')),
    'returns an Observable that errors': () => throwError(() => new Error('no')),
    'returns a promise of an Observable that errors': async () => throwError(() => new Error('no')),
    'throws a string': () => {
      throw 'no' as unknown
    },
  }
  for (const [how, handle] of Object.entries(failures)) {
    it(`fails the delivery when it ${how}`, async (t) => {
      const here = await place(t)
      const seen = await unhandled(async () => {
        await hear(here, [listener('hear', on(made), handle, once)], drafts(1, 2))
      })
      assert.deepEqual(seen, [])
      assert.deepEqual(
        (await parkedOf(here)).map(({ event, error }) => [event.seq, error.message]),
        [
          [1, how === 'throws a string' ? '"no"' : 'no'],
          [2, how === 'throws a string' ? '"no"' : 'no'],
        ],
      )
    })
  }

  it('may return anything else, which is ignored', async (t) => {
    const here = await place(t)
    const returned: unknown[] = [null, 0, '', 'no', {}, [new Error('no')], () => undefined, Symbol('no')]
    await hear(here, [listener('hear', on(made), ({ data }) => returned[data.n], once)], drafts(0, 1, 2, 3, 4, 5, 6, 7))
    assert.deepEqual(await parkedOf(here), [])
  })

  it('receives its event, its attempt, its index and the time', async (t) => {
    const here = await place(t)
    let seen: Delivery | undefined
    await hear(
      here,
      [
        listener('hear', on(made), (event, delivery) => {
          seen = delivery
          assert.equal(event, delivery.event)
          assert.equal(delivery.now(), here.clock.now())
          assert.equal(typeof delivery.fetch, 'function')
          assert.equal(typeof delivery.secret, 'function')
          assert.equal(delivery.signal.aborted, false)
        }),
      ],
      drafts(7),
    )
    assert.deepEqual([seen?.event.seq, seen?.attempt, seen?.index], [1, 1, 0])
    assert.throws(() => {
      Object.assign(seen?.event.data as object, { n: 8 })
    }, TypeError)
  })

  it('cannot change an event for other listeners', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await hear(
      here,
      ['a', 'b'].map((name) =>
        listener(
          name,
          on(made),
          (event) => {
            heard.push(event.data.n)
            Object.assign(event.data, { n: 99 })
          },
          once,
        ),
      ),
      drafts(1),
    )
    assert.deepEqual(heard, [1, 1])
    assert.equal((await parkedOf(here, 'a'))[0]?.error.name, 'TypeError')
  })

  it('times out: its signal aborts, its Observables are unsubscribed, and the delivery fails', async (t) => {
    const here = await place(t)
    const signals: AbortSignal[] = []
    let left = 0
    const stuck = [
      listener(
        'promise',
        on(made),
        (_, { signal }) => {
          signals.push(signal)
          return new Promise(() => undefined)
        },
        { ...once, timeout: '3s' },
      ),
      listener(
        'observable',
        on(made),
        (_, { signal }) => {
          signals.push(signal)
          return new Observable(() => () => (left += 1))
        },
        { ...once, timeout: '3s' },
      ),
      listener('pipe', on(made).pipe(mergeMap(() => new Observable(() => () => (left += 1)))), () => undefined, {
        ...once,
        timeout: '3s',
      }),
    ]
    await hear(here, stuck, drafts(1), 2999)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false, false],
    )
    await here.clock.advance(1)
    assert.deepEqual(
      signals.map(({ aborted, reason }) => [aborted, codeOf(reason)]),
      [
        [true, 'TIDINGS_LISTENER_TIMEOUT'],
        [true, 'TIDINGS_LISTENER_TIMEOUT'],
      ],
    )
    assert.equal(left, 2)
    for (const { name } of stuck) assert.equal((await parkedOf(here, name))[0]?.error.code, 'TIDINGS_LISTENER_TIMEOUT')
  })

  it('times out although a teardown throws', async (t) => {
    const here = await place(t)
    const stuck = () =>
      new Observable(() => () => {
        throw new Error('left')
      })
    const parts = [
      listener('handler', on(made), stuck, { ...once, timeout: '3s' }),
      listener('pipe', on(made).pipe(mergeMap(stuck)), () => undefined, { ...once, timeout: '3s' }),
    ]
    await hear(here, parts, drafts(1), 3000)
    for (const { name } of parts) assert.equal((await parkedOf(here, name))[0]?.error.code, 'TIDINGS_LISTENER_TIMEOUT')
  })

  it('may throw an unreadable value: the event is parked, and the next is handled', async (t) => {
    const here = await place(t)
    const unreadable = Object.defineProperty(new Error(), 'message', { get: () => assert.fail('looked') })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const heard: string[] = []
    const throws = (thrown: unknown) => (event: { readonly identifier: string }) => {
      if (event.identifier === '1') throw thrown
      heard.push(event.identifier)
    }
    const parts = [
      listener('at once', on(made), throws(unreadable), { ...once, ordered: true }),
      listener('later', on(made), async (event) => throws(proxy)(event), { ...once, ordered: true }),
      listener('emitted', on(made).pipe(concatMap((event) => of(event).pipe(delay(0), map(throws(proxy))))), () => {}, {
        ...once,
        ordered: true,
      }),
    ]
    await hear(here, parts, drafts(1, 2), 1000)
    await until(() => heard.length >= 3)
    assert.deepEqual(heard, ['2', '2', '2'])
    for (const { name } of parts) assert.equal((await parkedOf(here, name)).length, 1)
  })

  it('times out after 30 s by default', async (t) => {
    const here = await place(t)
    await hear(here, [listener('hear', on(made), () => NEVER)], drafts(1), 29_999)
    assert.deepEqual(here.notes.said('listener failed'), [])
    await here.clock.advance(1)
    const said = here.notes.said('listener failed')
    assert.deepEqual(
      said.map(({ err: _, wait, ...rest }) => ({ ...rest, waits: Number(wait) >= 500 && Number(wait) <= 1000 })),
      [{ listener: 'hear', seq: 1, attempt: 1, attempts: 5, waits: true }],
    )
  })

  it('handles no value that its pipe emits after a timeout', async (t) => {
    const here = await place(t)
    const handled: string[] = []
    const late = on(made).pipe(
      mergeMap(async () => {
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 10_000))
        return 'late'
      }),
    )
    await hear(
      here,
      [listener('hear', late, (value) => void handled.push(value), { ...once, timeout: '1s' })],
      drafts(1),
      20_000,
    )
    assert.deepEqual(handled, [])
  })
})
